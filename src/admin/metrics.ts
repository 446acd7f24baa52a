import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Inside } from '../gate/start.ts'
import { histogramOf } from './histogram.ts'
import { METRICS, type Metric, type Sample, type Seen } from './metric-table.ts'
import type { Readiness } from './readiness.ts'

/** The event loop is looked at this often, in milliseconds: what keeps it longer shows. */
const LOOP_PRECISION_MS = 20

/** What Prometheus asks for. */
export interface Metrics {
  readonly contentType: string
  /** Every metric as it is now, in Prometheus' text format. */
  text(): Promise<string>
}

/** Those of the process, made once: what watches the event loop and the garbage collector cannot be stopped again. */
let ofProcess: Registry | null = null

/** Makes the metrics of a gate. Nothing is looked at before somebody asks. */
export function createMetrics(inside: () => Inside, readiness: () => Promise<Readiness>): Metrics {
  const registry = new Registry()
  const { gateTime, engineTime } = inside().gate.counters
  registry.registerMetric(histogramOf(gateTime))
  registry.registerMetric(histogramOf(engineTime))
  const shown = METRICS.map((metric) => exposed(registry, metric))
  ofProcess ??= processMetrics()
  const process = ofProcess

  return {
    contentType: registry.contentType,
    async text() {
      const seen: Seen = { readiness: await readiness(), inside: inside() }
      // From here on nothing waits until all are set: two who ask at a time do not mix.
      for (const [index, set] of shown.entries()) set((METRICS[index] as Metric).samples(seen))
      const texts = await Promise.all([registry.metrics(), process.metrics()])
      return texts.join('')
    },
  }
}

/** Registers a metric, and returns what gives it all its numbers anew: a series that has gone is not shown any more. */
function exposed(registry: Registry, { name, type, help, labels }: Metric): (samples: readonly Sample[]) => void {
  const options = { name, help, labelNames: [...labels], registers: [registry] }
  const metric = type === 'counter' ? new Counter(options) : new Gauge(options)
  return (samples) => {
    metric.reset()
    for (const [value, ...values] of samples) metric.labels(...values).inc(value)
  }
}

function processMetrics(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_PRECISION_MS })
  return registry
}
