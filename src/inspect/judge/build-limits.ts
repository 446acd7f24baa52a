import type { Ulimit } from '../../config/profile-schema.ts'
import type { BuildProfile, Limits } from '../../policy/profile/types.ts'
import { ulimitsParameter } from './build-json.ts'
import { most, UNLIMITED } from './quantities.ts'
import { integerValue, type QueryRequest, shownText } from './query-request.ts'
import { member, numberOf, textOf } from './values.ts'

/** Microseconds, the kernel's own. */
const DEFAULT_PERIOD = 100_000
/** What a container has where none is stated; more takes processors from others. */
const DEFAULT_SHARES = 1024

/**
 * How much each RUN of a build may use. Where the role has a maximum of memory or processors and the client states
 * nothing, which is no limit to the engine, the maximum is sent: the docker client has no default to put in its place.
 */
export function judgeBuildLimits(request: QueryRequest, { limits }: BuildProfile): void {
  judgeMemory(request, limits)
  judgeProcessors(request, limits)
  judgeShares(request)
  const shared = integerValue(request, 'shmsize')
  if (shared !== 0) judgeQuantity(request, 'shmsize', shared, 'shmSize', limits.shmSize)
  judgeUlimits(request, limits)
}

function judgeMemory(request: QueryRequest, { memory, memorySwap }: Limits): void {
  const asked = integerValue(request, 'memory')
  const swap = integerValue(request, 'memswap')
  if (asked !== 0) judgeQuantity(request, 'memory', asked, 'memory', memory)
  if (swap !== 0) judgeQuantity(request, 'memswap', swap, 'memorySwap', memorySwap)
  const given = asked === 0 && isMaximum(memory) ? memory : asked
  if (given !== asked) request.set('memory', String(given))
  // The engine would take twice the memory.
  if (swap === 0 && isMaximum(memorySwap) && memorySwap >= given && memorySwap < 2 * given) {
    request.set('memswap', String(memorySwap))
  }
}

function judgeProcessors(request: QueryRequest, { nanoCpus }: Limits): void {
  const quota = integerValue(request, 'cpuquota')
  const period = integerValue(request, 'cpuperiod')
  if (quota === 0 && isMaximum(nanoCpus) && period >= 0) {
    if (period === 0) request.set('cpuperiod', String(DEFAULT_PERIOD))
    request.set('cpuquota', String(Math.floor((nanoCpus / 1e9) * (period || DEFAULT_PERIOD))))
    return
  }
  if (quota === 0 && period === 0) return
  const asked = quota < 0 || period < 0 ? UNLIMITED : Math.round((quota / (period || DEFAULT_PERIOD)) * 1e9)
  if (nanoCpus !== null && asked <= nanoCpus) return
  const which = quota === 0 ? 'cpuperiod' : 'cpuquota'
  request.refuse(which, request.value(which), 'build.limits.cpus', bound('cpus', 'nanoCpus', nanoCpus))
}

/** A weight, not a limit; no key of the role bounds it. */
function judgeShares(request: QueryRequest): void {
  const shares = integerValue(request, 'cpushares')
  if (shares < 0 || shares > DEFAULT_SHARES) {
    request.refuseHostField('cpushares', `more than ${DEFAULT_SHARES} takes from others`)
  }
}

function judgeUlimits(request: QueryRequest, { ulimits }: Limits): void {
  for (const field of ulimitsParameter(request)) {
    const name = textOf(member(field, 'Name'))
    const maximum = ulimits.get(name as Ulimit)
    if (maximum === undefined) {
      const { path } = member(field, 'Name')
      const why = ulimits.size === 0 ? 'the role has none' : `the role lists ${[...ulimits.keys()].join(', ')}`
      request.refuse(path, shownText(name), 'build.limits.ulimits', why)
      continue
    }
    for (const value of [member(field, 'Soft'), member(field, 'Hard')]) {
      const asked = numberOf(value)
      if ((asked < 0 ? UNLIMITED : asked) <= maximum) continue
      request.refuse(value.path, String(asked), 'build.limits.ulimits', `${name}: ${most('count', maximum)}`)
    }
  }
}

type Unit = Parameters<typeof most>[0]

function judgeQuantity(
  request: QueryRequest,
  parameter: string,
  asked: number,
  key: string,
  maximum: number | null,
): void {
  if (maximum !== null && (asked < 0 ? UNLIMITED : asked) <= maximum) return
  const shown = asked < 0 ? `${asked}, no limit` : String(asked)
  request.refuse(parameter, shown, `build.limits.${key}`, bound(key, 'bytes', maximum))
}

function bound(key: string, unit: Unit, maximum: number | null): string {
  return maximum === null ? `the role has no build.limits.${key}` : most(unit, maximum)
}

/** There is one, and it is not `unlimited`. */
function isMaximum(limit: number | null): limit is number {
  return limit !== null && limit !== UNLIMITED
}
