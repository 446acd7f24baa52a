import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createCrowd } from '../../src/gate/crowd.ts'

/** Who comes (true) or goes, one of a few, again and again. */
const moves = fc.array(fc.tuple(fc.nat(7), fc.boolean()), { maxLength: 200 })

it('holds those that have come and not gone, whatever their order', () => {
  fc.assert(
    fc.property(moves, (all) => {
      const crowd = createCrowd<{ place: number }>()
      const model = new Set<{ place: number }>()
      const members = Array.from({ length: 8 }, () => ({ place: -1 }))
      for (const [index, comes] of all) {
        const member = members[index] as { place: number }
        if (comes === model.has(member)) {
          if (!comes) expect(crowd.remove(member)).toBe(false)
          continue
        }
        if (comes) {
          model.add(member)
          crowd.add(member)
        } else {
          model.delete(member)
          expect(crowd.remove(member)).toBe(true)
        }
        expect(crowd.all().length).toBe(model.size)
        expect(new Set(crowd.all())).toEqual(model)
        for (const one of members) expect(one.place >= 0).toBe(model.has(one))
      }
    }),
  )
})
