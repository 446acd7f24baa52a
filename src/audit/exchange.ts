import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { ListenerConfig } from '../config/schema.ts'
import type { Operation } from '../engine/types.ts'
import type { Carried } from '../forward/tunnel.ts'
import type { Principal } from '../identity/principal.ts'
import type { Facts } from '../inspect/facts/facts.ts'
import type { Finding } from '../inspect/judge/types.ts'
import type { Role } from '../policy/types.ts'
import type { ReasonCode } from '../reasons.ts'
import { type TraceContext, traceContext } from '../trace-context.ts'

/** One request on its way through the gate: what is known of it so far, and in the end its record. */
export interface Exchange {
  /** The record id: made here, never taken from the client. */
  readonly id: string
  /** Monotonic milliseconds. */
  readonly startedAt: number
  readonly listener: string
  readonly remote: string
  /** The client's connection, as an identity. */
  readonly connection: object
  readonly method: string
  /** The request target as the client sent it, not judged. */
  readonly target: string
  /** The trace that the client's request is part of. */
  readonly trace: TraceContext | null
  /** The generation of the configuration that judged it last. */
  generation: number
  operation: Operation | null
  principal: Principal | null
  role: Role | null
  /** The owner key that the binding gave. */
  owner: string | null
  /** What the role did not allow, in a request that it refused for what it asks for. */
  findings: readonly Finding[]
  /** What the role would have refused, and as it only observes has let through; null: nothing. */
  observed: ReasonCode | null
  /** What it asks for, for the record; null where nothing is to be said. */
  facts: Facts | null
  reason: ReasonCode
  /** Why the gate ended it before its time, though it was allowed; null when it did not. */
  ended: ReasonCode | null
  /** Status of the answer; 0 while there is none. */
  status: number
  bytesIn: number
  bytesOut: number
  /** Monotonic milliseconds when it was sent to the engine, and when the head of its answer came; 0 while that is not so. */
  sentAt: number
  answeredAt: number
  /** How much of `bytesIn` and `bytesOut` the counters have already. */
  countedIn: number
  countedOut: number
  /** While a hijacked stream is open: what it has carried so far, which is added to the two above at its end. */
  carried: (() => Carried) | null
  /** Among those that are under way; -1 when it is not. */
  place: number
  /** It is over: nothing more may be taken for it. */
  over: boolean
  /** Gives back what was taken for it of its role's limits; null: nothing. */
  release: (() => void) | null
}

/**
 * Opens the exchange of a request on a listener.
 *
 * @param target the raw request target
 * @param generation of the configuration under which it is judged, from 1
 */
export function openExchange(
  listener: ListenerConfig,
  request: IncomingMessage,
  target: string,
  generation = 1,
): Exchange {
  return {
    id: recordId(),
    startedAt: performance.now(),
    listener: listener.name,
    remote: remoteOf(listener, request),
    connection: request.socket,
    method: request.method ?? '',
    target,
    trace: traceContext(request.rawHeaders),
    generation,
    operation: null,
    principal: null,
    role: null,
    owner: null,
    findings: [],
    observed: null,
    facts: null,
    reason: 'allowed',
    ended: null,
    status: 0,
    bytesIn: 0,
    bytesOut: 0,
    sentAt: 0,
    answeredAt: 0,
    countedIn: 0,
    countedOut: 0,
    carried: null,
    place: -1,
    over: false,
    release: null,
  }
}

/** A connection that was reset has lost its address, which must not make it one of a unix socket. */
function remoteOf(listener: ListenerConfig, { socket }: IncomingMessage): string {
  if (listener.address.startsWith('unix:')) return 'unix'
  const { remoteAddress, remotePort } = socket
  return remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const ID_LENGTH = 16
let pool = Buffer.alloc(0)
let used = 0

/** 80 random bits in Crockford's base 32: short enough to read out, never repeated. */
export function recordId(): string {
  if (used + ID_LENGTH > pool.length) {
    pool = randomBytes(ID_LENGTH * 256)
    used = 0
  }
  let id = ''
  for (const end = used + ID_LENGTH; used < end; used++) id += ALPHABET[(pool[used] as number) & 31]
  return id
}
