import type { Histogram } from 'prom-client'
import type { Times } from '../gate/times.ts'

/**
 * Times as a histogram that a registry of prom-client shows as its own. Those cannot be given numbers that were counted
 * elsewhere; but of a metric, a registry asks no more than its name and what `get` says.
 */
export function histogramOf(times: Times): Histogram<'access'> {
  const { name, help } = times
  const get = async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: valuesOf(times) })
  return { name, get } as unknown as Histogram<'access'>
}

function valuesOf({ name, bounds, tallies }: Times) {
  return [...tallies()].flatMap(([access, { within, sum, count }]) => {
    // Each bound is shown with all that is below it.
    let below = 0
    const buckets = within.map((one, index) => {
      below += one
      return { metricName: `${name}_bucket`, labels: { le: bounds[index], access }, value: below }
    })
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { le: '+Inf', access }, value: count },
      { metricName: `${name}_sum`, labels: { access }, value: sum },
      { metricName: `${name}_count`, labels: { access }, value: count },
    ]
  })
}
