import type { Exchange } from '../audit/exchange.ts'
import type { OperationId } from '../engine/operations.ts'
import { boolValue } from '../engine/query.ts'
import type { Operation } from '../engine/types.ts'
import type { Principal } from '../identity/principal.ts'
import type { ReasonCode } from '../reasons.ts'
import { createCrowd, type Member } from './crowd.ts'

/** What is under way for a principal: a request that was let in and whose stream or answer is not over. */
export interface Sessions {
  /**
   * Takes an exchange that was let in. `end` is called at most once, when it has to end before its time; the exchange's
   * `ended` then says why.
   *
   * @returns to be called when it is over
   */
  open(exchange: Exchange, end: (why: Ending) => void): () => void
  /** What is under way now, the oldest first. */
  list(): readonly Exchange[]
  /** Ends all that fit, and returns how many. */
  endWhere(fits: (exchange: Exchange) => boolean, why: Ending): number
  /**
   * Looks at all of them again, as what they were let in by has changed: those for which `look` finds why end, and the
   * time of the others counts by the role that they have now. Returns how many ended.
   */
  review(look: (exchange: Exchange) => Ending | null): number
}

interface Session extends Member {
  readonly exchange: Exchange
  readonly stop: (why: Ending) => void
  /** Milliseconds since the epoch. */
  deadline: number
}

/** Why a session ends before its time. */
export interface Ending {
  readonly reason: ReasonCode
  /** For the person at the other end: continues "session ended:". */
  readonly text: string
}

export const REVOKED: Ending = { reason: 'identity-revoked', text: 'the identity was revoked' }
export const SHUTTING_DOWN: Ending = { reason: 'shutting-down', text: 'the gate is shutting down' }
const TOKEN_EXPIRED: Ending = { reason: 'token-expired', text: 'the token expired' }
const CERTIFICATE_EXPIRED: Ending = { reason: 'certificate-untrusted', text: 'the client certificate expired' }

/** How long a timer may run: clocks are set, machines sleep, and beyond 24.8 days Node's would fire at once. */
const LOOK_MS = 60_000
/** What goes on for as long as somebody stays: whoever may no longer begin it may no longer have it. */
const INTERACTIVE: ReadonlySet<OperationId> = new Set([
  'ExecStart',
  'ContainerAttach',
  'ContainerAttachWebsocket',
  'SystemEvents',
])

const LOGS: ReadonlySet<OperationId> = new Set(['ContainerLogs', 'ServiceLogs', 'TaskLogs'])

/** @param now milliseconds since the epoch */
export function createSessions(now: () => number = () => Date.now()): Sessions {
  const open = createCrowd<Session>()

  /** One timer for all: one each would be the dearest part of a request that the engine answers at once. */
  let alarm: NodeJS.Timeout | undefined
  /** The deadline that it waits for. */
  let next = Number.POSITIVE_INFINITY

  function end(session: Session, why: Ending): void {
    if (!open.remove(session)) return
    session.exchange.ended = why.reason
    session.stop(why)
  }

  function endInTime(session: Session): void {
    session.deadline = deadlineOf(session.exchange)
    if (session.deadline < next) wakeAt(session.deadline)
  }

  /** Not in this turn. */
  function wakeAt(deadline: number): void {
    clearTimeout(alarm)
    next = deadline
    alarm = setTimeout(look, Math.max(0, Math.min(LOOK_MS, deadline - now()))).unref()
  }

  function look(): void {
    const moment = now()
    next = Number.POSITIVE_INFINITY
    for (const session of open.all()) {
      // The end of one may have been that of another.
      if (session.place < 0) continue
      if (session.deadline <= moment) end(session, expiry(session.exchange.principal))
      else if (session.deadline < next) next = session.deadline
    }
    if (next < Number.POSITIVE_INFINITY) wakeAt(next)
  }

  return {
    open(exchange, stop) {
      const session: Session = { exchange, stop, deadline: Number.POSITIVE_INFINITY, place: -1 }
      endInTime(session)
      open.add(session)
      return () => void open.remove(session)
    },
    list: () =>
      open
        .all()
        .map(({ exchange }) => exchange)
        .sort((one, other) => one.startedAt - other.startedAt),
    review(look) {
      let ended = 0
      for (const session of open.all()) {
        // The end of one may have been that of another.
        if (session.place < 0) continue
        const why = look(session.exchange)
        if (why !== null) {
          end(session, why)
          ended += 1
          continue
        }
        endInTime(session)
      }
      return ended
    },
    endWhere(fits, why) {
      const found = open.all().filter(({ exchange }) => fits(exchange))
      for (const session of found) end(session, why)
      return found.length
    },
  }
}

/** When an exchange has to be over, in milliseconds since the epoch; Infinity when it may go on to its end. */
function deadlineOf({ principal, role, operation }: Exchange): number {
  if (principal === null || role === null || operation === null) return Number.POSITIVE_INFINITY
  return principal.expiresAt * 1000 + (isInteractive(operation) ? role.grace.sessions : role.grace.streams)
}

function isInteractive({ spec, query }: Operation): boolean {
  if (spec.id !== 'ContainerStats') return INTERACTIVE.has(spec.id)
  return query.every(([name, value]) => name !== 'stream' || boolValue(value))
}

/** What ends only when somebody ceases to look, and nothing is lost when it ends before. */
export function isWatching({ operation }: Exchange): boolean {
  if (operation === null) return false
  const { spec, query } = operation
  if (LOGS.has(spec.id)) return query.some(([name, value]) => name === 'follow' && boolValue(value))
  return spec.id === 'SystemEvents' || (spec.id === 'ContainerStats' && isInteractive(operation))
}

function expiry(principal: Principal | null): Ending {
  return principal?.certificate && Object.keys(principal.claims).length === 0 ? CERTIFICATE_EXPIRED : TOKEN_EXPIRED
}
