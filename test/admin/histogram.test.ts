import fc from 'fast-check'
import { Histogram, Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { histogramOf } from '../../src/admin/histogram.ts'
import { createTimes } from '../../src/gate/times.ts'

const NAMED = { name: 'some_seconds', help: 'how \\ long' }
const BOUNDS = [0.001, 0.5, 1]

const seconds = fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.constantFrom(0, ...BOUNDS))
const counted = fc.array(fc.tuple(fc.constantFrom('read', 'create', 'unrecognised'), seconds))

it("is shown as prom-client's own histogram of the same times", async () => {
  await fc.assert(
    fc.asyncProperty(counted, async (all) => {
      const [theirs, ours] = [new Registry(), new Registry()]
      const model = new Histogram({ ...NAMED, labelNames: ['access'], buckets: BOUNDS, registers: [theirs] })
      const times = createTimes({ ...NAMED, bounds: BOUNDS })
      ours.registerMetric(histogramOf(times))
      for (const [access, time] of all) {
        model.observe({ access }, time)
        times.count(access, time)
      }
      expect(await ours.metrics()).toBe(await theirs.metrics())
    }),
  )
})
