import type { Exchange } from '../audit/exchange.ts'
import { namedObject } from '../audit/record.ts'
import type { Ending, Sessions } from '../gate/sessions.ts'
import { printable } from '../text.ts'

const NAME_LENGTH = 256

/** A request that was let in and is not over: a stream, or one whose answer is on its way. */
export interface SessionView {
  /** Of its record. */
  readonly id: string
  readonly listener: string
  readonly remote: string
  readonly principal: { readonly issuer: string; readonly subject: string } | null
  readonly role: string | null
  readonly operation: string | null
  readonly object: { readonly kind: string; readonly name: string } | null
  /** RFC 3339. */
  readonly since: string
  readonly bytesIn: number
  readonly bytesOut: number
}

const ENDED: Ending = { reason: 'session-ended', text: 'an operator ended it' }

/** What is under way, the oldest first. */
export function listSessions(sessions: Sessions): SessionView[] {
  return sessions.list().map(viewOf)
}

/** Ends the session of this record, with a message on its stream where that has room; false when there is none. */
export function endSession(sessions: Sessions, id: string): boolean {
  return sessions.endWhere((exchange) => exchange.id === id, ENDED) > 0
}

function viewOf(exchange: Exchange): SessionView {
  const { principal, operation } = exchange
  const carried = exchange.carried?.() ?? { bytesIn: 0, bytesOut: 0 }
  return {
    id: exchange.id,
    listener: exchange.listener,
    remote: exchange.remote,
    principal: principal && { issuer: principal.issuer, subject: printable(principal.subject, NAME_LENGTH) },
    role: exchange.role?.name ?? null,
    operation: operation?.spec.id ?? null,
    object: operation && namedObject(operation),
    since: new Date(Date.now() - (performance.now() - exchange.startedAt)).toISOString(),
    bytesIn: exchange.bytesIn + carried.bytesIn,
    bytesOut: exchange.bytesOut + carried.bytesOut,
  }
}
