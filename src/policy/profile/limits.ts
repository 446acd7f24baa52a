import type { BuildConfig, Ulimit, WorkloadConfig } from '../../config/profile-schema.ts'
import { quoted } from '../../text.ts'
import type { Place } from './compiler.ts'
import type { Defaults, Limits } from './types.ts'
import { mayBeRoot } from './user.ts'

type LimitsConfig = NonNullable<WorkloadConfig['limits'] | BuildConfig['limits']>
type DefaultsConfig = NonNullable<WorkloadConfig['defaults']>

/** The limits of a role, in the Engine API's units. */
export function compileLimits(config: (LimitsConfig & Omit<DefaultsConfig, 'user' | 'ulimits'>) | undefined): Limits {
  const { memory = null, memorySwap = null, cpus, pids = null, shmSize = null, stopTimeout = null } = config ?? {}
  const ulimits = Object.entries(config?.ulimits ?? {}) as [Ulimit, number][]
  const nanoCpus = cpus === undefined ? null : Math.round(cpus * 1e9)
  return { memory, memorySwap, nanoCpus, pids, shmSize, stopTimeout, ulimits: new Map(ulimits) }
}

/** What is filled in: never more than the role allows, as it would be refused as soon as it is there. */
export function compileDefaults(workload: WorkloadConfig, place: Place): Defaults {
  const limits = compileLimits(workload.limits)
  const defaults = compileLimits(workload.defaults)
  const { user = null } = workload.defaults ?? {}
  if (user !== null && workload.user === 'nonRoot' && mayBeRoot(user)) {
    const what = `${quoted(user, 80)} may be root, and this role has user: nonRoot`
    place.findings.problem([...place.path, 'user'], `${what}; write a number above zero, such as "1000:1000"`)
  }
  return {
    memory: atMost(defaults.memory, limits.memory),
    memorySwap: atMost(defaults.memorySwap, limits.memorySwap),
    nanoCpus: atMost(defaults.nanoCpus, limits.nanoCpus),
    pids: atMost(defaults.pids, limits.pids),
    shmSize: atMost(defaults.shmSize, limits.shmSize),
    stopTimeout: atMost(defaults.stopTimeout, limits.stopTimeout),
    ulimits: new Map(
      [...defaults.ulimits].map(([name, value]) => [name, Math.min(value, limits.ulimits.get(name) ?? value)]),
    ),
    user,
  }
}

function atMost(value: number | null, most: number | null): number | null {
  return value === null || most === null ? value : Math.min(value, most)
}
