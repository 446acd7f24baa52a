import type { Limits } from '../../policy/profile/types.ts'
import type { FieldValue } from '../fields.ts'
import { finding, type KeyPath, lacking, shown } from './findings.ts'
import type { Finding, WorkloadContext } from './types.ts'

type Unit = 'bytes' | 'nanoCpus' | 'seconds' | 'count'

/** Something of which a role says how much there may be. */
export interface Quantity {
  readonly key: KeyPath
  readonly unit: Unit
  readonly of: (limits: Limits) => number | null
}

export const MEMORY: Quantity = { key: 'limits.memory', unit: 'bytes', of: (limits) => limits.memory }
export const MEMORY_SWAP: Quantity = { key: 'limits.memorySwap', unit: 'bytes', of: (limits) => limits.memorySwap }
export const CPUS: Quantity = { key: 'limits.cpus', unit: 'nanoCpus', of: (limits) => limits.nanoCpus }
export const PIDS: Quantity = { key: 'limits.pids', unit: 'count', of: (limits) => limits.pids }
export const SHM_SIZE: Quantity = { key: 'limits.shmSize', unit: 'bytes', of: (limits) => limits.shmSize }
export const STOP_TIMEOUT: Quantity = { key: 'limits.stopTimeout', unit: 'seconds', of: (limits) => limits.stopTimeout }

export const UNLIMITED = Number.POSITIVE_INFINITY

/** One microsecond in each 100 ms. */
const LEAST_NANO_CPUS = 10_000

/** Of less than a microsecond the engine makes a quota of zero, which is none (moby's `getCPUResources`, 20.10 to 28). */
export function processorsOf(nanoCpus: number): number {
  return nanoCpus < LEAST_NANO_CPUS ? UNLIMITED : nanoCpus
}

/** What the role has as the maximum, where it is one: null both for no key and for `unlimited`. */
export function maximumOf(quantity: Quantity, { workload }: WorkloadContext): number | null {
  const maximum = quantity.of(workload.limits)
  return maximum === UNLIMITED ? null : maximum
}

/** Holds what a client states against the role's maximum. `UNLIMITED` stands for a value that lifts the limit. */
export function judgeQuantity(
  field: FieldValue,
  asked: number,
  quantity: Quantity,
  { workload }: WorkloadContext,
): readonly Finding[] {
  const maximum = quantity.of(workload.limits)
  if (maximum !== null && asked <= maximum) return []
  const why = maximum === null ? lacking(quantity.key) : most(quantity.unit, maximum)
  return [
    finding(field, asked === UNLIMITED ? `${shown(field.value)}, no limit` : shown(field.value), quantity.key, why),
  ]
}

/** `at most 4GiB`, as a role would have it. */
export function most(unit: Unit, value: number): string {
  return `at most ${written(unit, value)}`
}

const SIZES = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const

/** A quantity as a person writes it: `4GiB`, `2 processors`. */
export function written(unit: Unit, value: number): string {
  if (unit === 'nanoCpus') return `${value / 1e9} processors`
  if (unit === 'seconds') return `${value}s`
  if (unit === 'count') return String(value)
  const [name, size] = SIZES.find(([, bytes]) => value % bytes === 0) ?? [' bytes', 1]
  return `${value / size}${name}`
}
