import type { Exchange } from '../audit/exchange.ts'
import type { OperationId } from '../engine/operations.ts'
import { boolValue } from '../engine/query.ts'
import type { Operation } from '../engine/types.ts'
import type { Principal } from '../identity/principal.ts'
import type { ReasonCode } from '../reasons.ts'

/** What is under way for a principal: a request that was let in and whose stream or answer is not over. */
export interface Sessions {
  /**
   * Takes an exchange that was let in. `end` is called at most once, when it has to end before its time; the exchange's
   * `ended` then says why.
   *
   * @returns to be called when it is over
   */
  open(exchange: Exchange, end: (why: Ending) => void): () => void
  /** Ends all that fit, and returns how many. */
  endWhere(fits: (exchange: Exchange) => boolean, why: Ending): number
}

/** Why a session ends before its time. */
export interface Ending {
  readonly reason: ReasonCode
  /** For the person at the other end: continues "session ended:". */
  readonly text: string
}

export const REVOKED: Ending = { reason: 'identity-revoked', text: 'the identity was revoked' }
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

/** @param now milliseconds since the epoch */
export function createSessions(now: () => number = () => Date.now()): Sessions {
  const open = new Map<Exchange, (why: Ending) => void>()

  function end(exchange: Exchange, why: Ending): void {
    const stop = open.get(exchange)
    if (stop === undefined || !open.delete(exchange)) return
    exchange.ended = why.reason
    stop(why)
  }

  return {
    open(exchange, stop) {
      open.set(exchange, stop)
      const cancel = at(deadlineOf(exchange), now, () => end(exchange, expiry(exchange.principal)))
      return () => {
        cancel()
        open.delete(exchange)
      }
    },
    endWhere(fits, why) {
      const found = [...open.keys()].filter(fits)
      for (const exchange of found) end(exchange, why)
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

function expiry(principal: Principal | null): Ending {
  return principal?.certificate && Object.keys(principal.claims).length === 0 ? CERTIFICATE_EXPIRED : TOKEN_EXPIRED
}

/** Calls back at a moment by the wall clock, and not in this turn; returns what calls that off. */
function at(moment: number, now: () => number, call: () => void): () => void {
  if (moment === Number.POSITIVE_INFINITY) return () => {}
  let timer: NodeJS.Timeout
  const wait = () => {
    timer = setTimeout(look, Math.max(0, Math.min(LOOK_MS, moment - now()))).unref()
  }
  const look = () => (now() >= moment ? call() : wait())
  wait()
  return () => clearTimeout(timer)
}
