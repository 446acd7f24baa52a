import { setImmediate as turn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { SLAB_BYTES } from '../../src/forward/slabs.ts'
import { MOST_READS, mayReadOn } from '../../src/forward/turns.ts'

/** What is left of earlier turns. */
beforeEach(async () => {
  for (let turns = 0; turns < 20; turns++) await turn()
})

/** Reads so often in one turn; those that may not go on are named in `later` when they may. */
function read(times: number, later: number[], bytes = SLAB_BYTES): boolean[] {
  return Array.from({ length: times }, (_, index) => mayReadOn(bytes, () => later.push(index)))
}

describe('large reads in one turn of the event loop', () => {
  it('end with the last that there is room for', () => {
    expect(read(MOST_READS + 1, [])).toEqual([...Array(MOST_READS - 1).fill(true), false, false])
  })

  it('go on in later turns, a turn full at a time, in the order in which they came', async () => {
    const later: number[] = []
    read(MOST_READS * 3 - 1, later)
    const first = MOST_READS - 1
    expect(later).toEqual([])
    await turn()
    expect(later).toEqual(Array.from({ length: MOST_READS }, (_, index) => first + index))
    await turn()
    expect(later).toEqual(Array.from({ length: MOST_READS * 2 }, (_, index) => first + index))
  })

  it('count by their size', async () => {
    const later: number[] = []
    expect(read(4, later, (SLAB_BYTES * MOST_READS) / 2)).toEqual([true, false, false, false])
    await turn()
    expect(later).toEqual([1, 2])
    await turn()
    expect(later).toEqual([1, 2, 3])
  })

  it('have the whole room again in the next turn', async () => {
    read(MOST_READS, [])
    await turn()
    expect(read(1, [])).toEqual([true])
  })
})
