import type { Exchange } from '../audit/exchange.ts'
import type { Engine } from '../forward/engine.ts'
import { serialiseJson } from '../inspect/json/serialise.ts'
import { NotAllowed } from '../inspect/not-allowed.ts'
import type { Answered } from '../objects/types.ts'
import { type Refusal, Refusal as RefusalError } from '../refusal.ts'

/** A complete answer of the gate itself, to be written by whoever holds the connection. */
export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  /** Text goes out as UTF-8, in one write with the head: a write is the dearest part of an answer. */
  readonly body: string | Buffer
}

/** Anything that was thrown on the way, as a refusal; what is not one is ours, and its text stays in our log. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof RefusalError) return error
  process.stderr.write(`dockgate: internal error: ${error instanceof Error ? error.stack : String(error)}\n`)
  return new RefusalError('internal', 'the gate met an error of its own; the operator finds it in its log', {
    cause: error,
  })
}

/** Puts a refusal on the exchange that it ends, for the record. */
export function noteRefusal(exchange: Exchange, refusal: Refusal): void {
  exchange.reason = refusal.reason
  exchange.status = refusal.status
  if (refusal instanceof NotAllowed) exchange.findings = refusal.findings
}

/**
 * Turns a refusal into the answer that a docker client shows: `{"message": …}` with exactly `application/json`.
 * A 401 names the scheme (RFC 6750 section 3). An answer to a ping names the API version that the engine last gave:
 * without it the client stays at its newest version, which an older engine refuses.
 */
export function answerRefusal(refusal: Refusal, exchange: Exchange, engine: Engine): Answer {
  const body = JSON.stringify({ message: `dockgate: ${refusal.message} (record ${exchange.id})` })
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
  }
  if (refusal.status === 401) headers['WWW-Authenticate'] = challenge(refusal)
  if (refusal.retryAfter !== null) headers['Retry-After'] = String(refusal.retryAfter)
  const version = engine.apiVersion()
  const { operation } = exchange
  if (version !== null && (operation?.spec.id === 'SystemPing' || operation?.spec.id === 'SystemPingHead')) {
    headers['Api-Version'] = version
  }
  return { status: refusal.status, headers, body }
}

/** What the gate answers in the engine's place. */
export function answerErrand({ status, body }: Answered, engine: Engine): Answer {
  // Go's encoder ends what it writes with a line feed.
  const bytes = body === null ? Buffer.alloc(0) : Buffer.concat([serialiseJson(body), Buffer.from('\n')])
  const headers: Record<string, string> = {
    ...(body === null ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(bytes.length) }),
  }
  const version = engine.apiVersion()
  if (version !== null) headers['Api-Version'] = version
  return { status, headers, body: bytes }
}

/** What a 401 asks for (RFC 6750 section 3). */
export function challenge({ reason }: Refusal): string {
  return reason === 'credentials-missing' ? 'Bearer realm="dockgate"' : 'Bearer realm="dockgate", error="invalid_token"'
}
