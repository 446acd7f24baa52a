import { paired, type Spread, spread } from './measure.ts'
import type { Profile } from './profile.ts'
import type { Metric, Sample } from './workloads/workload.ts'

/** A run, as `--json` writes it and `docs/performance.md` is made from. */
export interface Results {
  readonly made: string
  readonly machine: Readonly<Record<string, string>>
  /** By its name, what each place is. */
  readonly places: Readonly<Record<string, string>>
  readonly rounds: number
  /** The load average of one minute at the end of each round: what else went on. */
  readonly load: readonly number[]
  readonly peers: readonly string[]
  /** What could not be measured, and why. */
  readonly skipped: readonly string[]
  readonly workloads: readonly Measured[]
  readonly profile?: Profile
}

export interface Measured {
  readonly name: string
  readonly about: string
  readonly columns: readonly Metric[]
  readonly ratios: readonly (readonly [metric: Metric, against: string])[]
  /** By way, one for each round. */
  readonly samples: Readonly<Record<string, readonly Sample[]>>
}

/** The figures of one way by round; NaN where it has none. */
export function figures({ workloads }: Results, workload: string, way: string, metric: Metric): readonly number[] {
  return column(workloads.find(({ name }) => name === workload)?.samples[way] ?? [], metric)
}

export const column = (samples: readonly Sample[], metric: Metric) =>
  samples.map((sample) => sample[metric] ?? Number.NaN)

/** `12.3 (11.8–12.9)`: the median and the quartiles; a dash where nothing was measured. */
export function written({ median, low, high }: Spread, digits: number): string {
  if (!Number.isFinite(median)) return '–'
  if (number(low, digits) === number(high, digits)) return number(median, digits)
  return `${number(median, digits)} (${number(low, digits)}–${number(high, digits)})`
}

const number = (value: number, digits: number) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })

export { paired, type Spread, spread }
