import type { Ulimit } from '../../config/profile-schema.ts'
import type { WorkloadProfile } from '../../policy/profile/types.ts'
import { isJsonArray, type JsonObject, type JsonValue } from '../json/value.ts'
import { withHostPaths } from './host-paths.ts'
import { madeBy, pathOf } from './places.ts'
import { UNLIMITED } from './quantities.ts'
import { withTmpfsSizes } from './tmpfs-sizes.ts'
import type { JudgeContext } from './types.ts'
import { items, jsonInteger, member, numberOf, replaceAt, textOf, wholeOf, withMembers } from './values.ts'

const NANOSECONDS = 1e9

/**
 * The checked body as it will be sent, and to be judged as: what the client left out is filled in from the role's
 * `defaults`, a file system in memory without a size gets the largest, memory and swap together stay below their limit
 * where only memory is stated, and bind mounts are of what their links lead to. Only bodies that make containers change.
 */
export function fillDefaults(body: JsonValue, context: JudgeContext): JsonValue {
  const { workload } = context.profile
  const made = madeBy({ ...context, body })
  if (workload === null || made === null) return body
  const limited = made === 'container' ? fillContainer(body, workload) : fillService(body, workload)
  const filled = fillUlimits(fillUser(limited, workload, context), workload, context)
  return withHostPaths(workload, { ...context, body: withTmpfsSizes(filled, workload, context) })
}

function fillContainer(body: JsonValue, workload: WorkloadProfile): JsonValue {
  const { defaults } = workload
  const filled = replaceAt(body, ['HostConfig'], (value) => {
    const host = wholeOf(value)
    const has = (name: string) => numberOf(member(host, name)) !== 0
    const memory = has('Memory') ? numberOf(member(host, 'Memory')) : (defaults.memory ?? 0)
    return withIntegers(value, {
      Memory: has('Memory') ? null : defaults.memory,
      MemorySwap: has('MemorySwap') ? null : swapFor(memory, workload),
      PidsLimit: has('PidsLimit') ? null : defaults.pids,
      ShmSize: has('ShmSize') ? null : defaults.shmSize,
      ...(has('NanoCpus') || has('CpuQuota') ? {} : processors(numberOf(member(host, 'CpuPeriod')), defaults.nanoCpus)),
    })
  })
  const wait = member(wholeOf(body), 'StopTimeout').value === null ? defaults.stopTimeout : null
  return withIntegers(filled, { StopTimeout: wait })
}

/** With a period the engine takes a quota only. */
function processors(period: number, nanoCpus: number | null): Readonly<Record<string, number | null>> {
  if (period === 0 || nanoCpus === null) return { NanoCpus: nanoCpus }
  return { CpuQuota: Math.floor((nanoCpus * period) / 1e9) }
}

/** Memory and swap together. The engine wants no less than the memory, and makes it twice the memory by itself. */
function swapFor(memory: number, { limits, defaults }: WorkloadProfile): number | null {
  const most = limits.memorySwap ?? UNLIMITED
  if (memory <= 0 || memory > most) return null
  if (defaults.memorySwap !== null) return Math.min(Math.max(defaults.memorySwap, memory), most)
  return 2 * memory > most ? most : null
}

function fillService(body: JsonValue, { defaults }: WorkloadProfile): JsonValue {
  const filled = replaceAt(body, ['TaskTemplate', 'Resources', 'Limits'], (value) => {
    const has = (name: string) => numberOf(member(wholeOf(value), name)) !== 0
    return withIntegers(value, {
      MemoryBytes: has('MemoryBytes') ? null : defaults.memory,
      NanoCPUs: has('NanoCPUs') ? null : defaults.nanoCpus,
      Pids: has('Pids') ? null : defaults.pids,
    })
  })
  const { stopTimeout } = defaults
  if (stopTimeout === null) return filled
  return replaceAt(filled, ['TaskTemplate', 'ContainerSpec', 'StopGracePeriod'], (value) =>
    value === null ? jsonInteger(stopTimeout * NANOSECONDS) : value,
  )
}

function fillUser(body: JsonValue, { defaults: { user } }: WorkloadProfile, context: JudgeContext): JsonValue {
  const path = pathOf('user', { ...context, body })
  if (path === null || user === null) return body
  return replaceAt(body, path, (value) => (textOf(wholeOf(value)) === '' ? user : value))
}

function fillUlimits(body: JsonValue, { defaults: { ulimits } }: WorkloadProfile, context: JudgeContext): JsonValue {
  const path = pathOf('ulimits', { ...context, body })
  if (path === null || ulimits.size === 0) return body
  return replaceAt(body, path, (value) => {
    const stated = items(wholeOf(value)).map((ulimit) => textOf(member(ulimit, 'Name')))
    const left = [...ulimits].filter(([name]) => !stated.includes(name))
    if (left.length === 0) return value
    return [...(value !== null && isJsonArray(value) ? value : []), ...left.map(ulimit)]
  })
}

function ulimit([Name, most]: readonly [Ulimit, number]): JsonObject {
  return withMembers(null, { Name, Soft: jsonInteger(most), Hard: jsonInteger(most) })
}

/** The object with these members; null leaves one as it is. */
function withIntegers(value: JsonValue, members: Readonly<Record<string, number | null>>): JsonValue {
  const present = Object.entries(members).flatMap(([name, integer]) =>
    integer === null ? [] : [[name, jsonInteger(integer)] as const],
  )
  return present.length === 0 ? value : withMembers(value, Object.fromEntries(present))
}
