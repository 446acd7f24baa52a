import type { Exchange } from '../audit/exchange.ts'
import type { LimitsConfig } from '../config/limits-schema.ts'
import type { OperationId } from '../engine/operations.ts'
import { boolValue } from '../engine/query.ts'
import type { Operation } from '../engine/types.ts'
import type { Principal } from '../identity/principal.ts'
import type { Bounds, Role } from '../policy/types.ts'
import { Refusal } from '../refusal.ts'

/*
 * How much may be asked at a time. A token bucket for each caller under each role, and one for each role: what well-kept
 * libraries of the kind offer counts by windows of time, through promises and with a timer for each key.
 */

/** How much is under way, in one gate through all its configurations. */
export interface Limits {
  /** From here on this counts for the gate as a whole. */
  configure(config: LimitsConfig | undefined): void
  /**
   * Looks whether anything new is taken.
   *
   * @throws Refusal `overloaded`
   */
  checkMemory(): void
  /**
   * Takes a request that was authorised, until `leave`.
   *
   * @param role by whose bounds; null: none
   * @throws Refusal `rate-limited`, `requests-too-many`, `sessions-too-many`, `client-gone` where it is over already; then
   * nothing is counted
   */
  enter(exchange: Exchange, role: Role | null): void
  /** To be called when an exchange is over, whether it was taken or not. */
  leave(exchange: Exchange): void
  /** Whether one more connection is taken; if so, `over` is to be called when it has ended. */
  connect(): { readonly over: () => void } | null
  close(): void
}

export interface LimitsOptions {
  /** Monotonic milliseconds. */
  readonly now?: () => number
  /** Resident bytes. */
  readonly resident?: () => number
}

interface Usage {
  /**
   * When the bucket is full again, in monotonic milliseconds: the generic cell rate algorithm (ITU-T I.371, as GCRA), which
   * is a token bucket in one number.
   */
  fullAt: number
  concurrent: number
  sessions: number
}

/** One of what a request counts for. */
interface Count {
  readonly bounds: Bounds
  readonly usage: Usage
  /** For people. */
  readonly whose: string
  readonly key: string
}

/** Callers that are remembered: those with something under way, and those whose bucket is not full again. */
const MOST_CALLERS = 65_536
/** Looking for callers to forget takes a while, so it is not done for each request of a flood. */
const SWEEP_MS = 1_000
const MEMORY_MS = 1_000

/** What goes on for as long as its other end does. */
const SESSIONS: ReadonlySet<OperationId> = new Set([
  'ExecStart',
  'ContainerAttach',
  'ContainerAttachWebsocket',
  'ContainerWait',
  'SystemEvents',
  'ImageBuild',
  'ImageCreate',
  'ImagePush',
  'ImageLoad',
  'Session',
  'Grpc',
])
const FOLLOWED: ReadonlyMap<OperationId, { readonly parameter: string; readonly otherwise: boolean }> = new Map([
  ['ContainerLogs', { parameter: 'follow', otherwise: false }],
  ['ServiceLogs', { parameter: 'follow', otherwise: false }],
  ['TaskLogs', { parameter: 'follow', otherwise: false }],
  ['ContainerStats', { parameter: 'stream', otherwise: true }],
])

const UNBOUNDED: readonly Count[] = []

export function createLimits({ now = () => performance.now(), resident = rss }: LimitsOptions = {}): Limits {
  const callers = new Map<string, Usage>()
  const roles = new Map<string, Usage>()
  let config: LimitsConfig = {}
  let connections = 0
  let isFull = false
  let swept = Number.NEGATIVE_INFINITY

  const look = () => {
    isFull = config.memory !== undefined && resident() > config.memory
  }
  const timer = setInterval(look, MEMORY_MS).unref()

  /** Who has nothing under way and a full bucket is as one who never came. */
  function sweep(): void {
    if (now() - swept < SWEEP_MS) return
    swept = now()
    for (const [key, { concurrent, sessions, fullAt }] of callers) {
      if (concurrent === 0 && sessions === 0 && fullAt <= swept) callers.delete(key)
    }
  }

  function ofCaller(role: Role, { issuer, subject }: Principal): Usage {
    // No issuer's name holds a space.
    const key = `${role.name} ${issuer} ${subject}`
    const known = callers.get(key)
    if (known !== undefined) return known
    if (callers.size >= MOST_CALLERS) sweep()
    if (callers.size >= MOST_CALLERS) {
      throw new Refusal('rate-limited', `too many different callers under role "${role.name}"`, { retryAfter: 1 })
    }
    const usage = unused()
    callers.set(key, usage)
    return usage
  }

  function ofRole({ name }: Role): Usage {
    const usage = roles.get(name) ?? unused()
    roles.set(name, usage)
    return usage
  }

  function countsOf(role: Role, principal: Principal): readonly Count[] {
    const { caller, everybody } = role.rate
    if (!isBounded(caller) && !isBounded(everybody)) return UNBOUNDED
    const key = `roles.${role.name}.rate`
    const counts: Count[] = []
    if (isBounded(caller)) counts.push({ bounds: caller, usage: ofCaller(role, principal), whose: 'one caller', key })
    if (isBounded(everybody)) {
      counts.push({ bounds: everybody, usage: ofRole(role), whose: 'all callers together', key: `${key}.everybody` })
    }
    return counts
  }

  return {
    configure(next = {}) {
      config = next
      look()
    },

    checkMemory() {
      if (isFull) throw new Refusal('overloaded', 'the gate has no memory left for new requests', { retryAfter: 1 })
    },

    enter(exchange, role) {
      const { principal, operation } = exchange
      // Who asks was found out after the client had left: nobody would give back what is taken now.
      if (exchange.over) throw new Refusal('client-gone', 'the client went away before it was known who asks')
      if (role === null || principal === null || operation === null) return
      const counts = countsOf(role, principal)
      if (counts.length === 0) return
      const kind = isSession(operation) ? 'sessions' : 'concurrent'
      const moment = now()
      // All are looked at before anything is counted.
      for (const count of counts) check(count, kind, moment)
      for (const { bounds, usage } of counts) {
        if (bounds.requests !== null) usage.fullAt = Math.max(usage.fullAt, moment) + 1000 / bounds.requests.perSecond
        usage[kind] += 1
      }
      const release = () => {
        for (const { usage } of counts) usage[kind] -= 1
      }
      exchange.release = release
    },

    leave(exchange) {
      exchange.over = true
      exchange.release?.()
      exchange.release = null
    },

    connect() {
      if (connections >= (config.connections ?? Number.POSITIVE_INFINITY)) return null
      connections += 1
      return {
        over: () => {
          connections -= 1
        },
      }
    },

    close: () => clearInterval(timer),
  }
}

function check({ bounds, usage, whose, key }: Count, kind: 'sessions' | 'concurrent', now: number): void {
  const { requests, [kind]: most } = bounds
  if (most !== null && usage[kind] >= most) {
    const [reason, what] =
      kind === 'sessions' ? (['sessions-too-many', 'sessions'] as const) : (['requests-too-many', 'requests'] as const)
    const text = `${whose} may have ${most} ${what} under way (${key}.${kind}): let one of them end first`
    throw new Refusal(reason, text, { retryAfter: 1 })
  }
  if (requests === null) return
  const interval = 1000 / requests.perSecond
  const wait = usage.fullAt - now - (requests.burst - 1) * interval
  // Of two sums of the same fractions, one may be a little more.
  if (wait <= 0.001) return
  const seconds = Math.ceil(wait / 1000)
  throw new Refusal('rate-limited', `${whose} asked too often (${key}.requests): try again in ${seconds} s`, {
    retryAfter: seconds,
  })
}

function unused(): Usage {
  return { fullAt: Number.NEGATIVE_INFINITY, concurrent: 0, sessions: 0 }
}

function isBounded({ requests, concurrent, sessions }: Bounds): boolean {
  return requests !== null || concurrent !== null || sessions !== null
}

function isSession({ spec, query }: Operation): boolean {
  if (SESSIONS.has(spec.id)) return true
  const followed = FOLLOWED.get(spec.id)
  if (followed === undefined) return false
  const value = query.find(([name]) => name === followed.parameter)?.[1]
  return value === undefined ? followed.otherwise : boolValue(value)
}

function rss(): number {
  return process.memoryUsage.rss()
}
