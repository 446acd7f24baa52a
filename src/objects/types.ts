import type { Principal } from '../identity/principal.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import type { JsonValue } from '../inspect/json/value.ts'
import type { ObjectsRule } from '../policy/types.ts'
import type { ReasonCode } from '../reasons.ts'

/** For whom a request is made, where its role has objects of its own. */
export interface Owner {
  readonly key: string
  readonly rule: ObjectsRule
  readonly principal: Principal
  /** What the names of its containers, networks and volumes begin with on the engine; empty where names are plain. */
  readonly prefix: string
  /** The record id of the request: new for each. */
  readonly record: string
}

export interface Told {
  readonly status: number
  /** Null: none, or no JSON. */
  readonly body: JsonValue
}

/**
 * A request of the gate's own to the engine, without a version of the API: the engine's newest. Rejects with a Refusal
 * `engine-unreachable` or `engine-broken`.
 */
export type Ask = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: JsonValue) => Promise<Told>

export interface Reshaped {
  readonly status: number
  readonly bytes: Buffer
}

/**
 * How an answer of the engine is shown. `whole`: it is small, and its head waits for it; a rejection refuses the request.
 * `stream`: piece by piece; an error breaks the answer off.
 */
export type Reshaping =
  | { readonly kind: 'whole'; readonly change: (bytes: Buffer) => Reshaped | Promise<Reshaped> }
  | { readonly kind: 'stream'; readonly change: (chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer> }

/** By the status of the answer; null: as it is. */
export type Shape = (status: number) => Reshaping | null

/** A request that is sent to the engine. */
export interface Sent {
  readonly kind: 'send'
  readonly checked: CheckedRequest
  /** Null: every answer as it is. */
  readonly shape: Shape | null
  /** To be called once, when the answer is over or will never come. */
  readonly over: () => void
  /** For the record: `object-unknown` where the engine is asked about nothing. */
  readonly reason: ReasonCode
}

/** A request that the gate answers by itself. */
export interface Answered {
  readonly kind: 'answer'
  readonly status: number
  readonly body: JsonValue
  readonly reason: ReasonCode
}

/** What becomes of a request that was inspected. */
export type Errand = Sent | Answered
