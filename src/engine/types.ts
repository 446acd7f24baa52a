import type { AccessClass } from './access.ts'
import type { OperationId } from './operations.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS'

/** Which side of an operation may be of unbounded length or duration. */
type StreamKind = 'none' | 'response' | 'request' | 'both' | 'hijack' | 'websocket'

/** What the operation's request body is; `none` operations are forwarded without a body. */
type BodyKind = 'none' | 'json' | 'tar' | 'other'

/** The kind of object that the operation's path (or query) names. */
export type ObjectKind =
  | 'container'
  | 'exec'
  | 'image'
  | 'imageRef'
  | 'network'
  | 'volume'
  | 'build'
  | 'node'
  | 'service'
  | 'task'
  | 'secret'
  | 'config'
  | 'plugin'

/** One query parameter that the Engine reads. */
export interface QueryParameter {
  readonly name: string
  /** May appear several times (`t`, `names`, …). */
  readonly repeat?: true
  /** Its value may be written to records: an enumeration, a number, an object reference; never free text or secrets. */
  readonly recordable?: true
  /** Sent by stock clients and read by no engine: accepted any number of times, and not forwarded. */
  readonly dropped?: true
}

/** One operation of the Engine API, API 1.24 to 1.56. Facts only; policy is elsewhere. */
export interface OperationSpec {
  readonly id: OperationId
  readonly method: Method
  /** Path template without version; `{name}` is one segment, `{name+}` one or more segments. */
  readonly path: string
  readonly access: AccessClass
  /** The operation counts as `access` here when the query parameter has a true value (as the engine reads booleans), or always below an API version. */
  readonly elevated?: { readonly query: string; readonly access: AccessClass; readonly belowVersion?: string }
  readonly stream: StreamKind
  readonly body: BodyKind
  readonly query: readonly QueryParameter[]
  /** Request headers, lower case, that this operation reads beside the common ones; a trailing `*` is a prefix. */
  readonly headers: readonly string[]
  /** The object named by the path or the query, and the parameter that names it. */
  readonly object: { readonly kind: ObjectKind; readonly parameter: string } | null
  /** First and last API version that routes it (last is null while current). */
  readonly since: string
  readonly until: string | null
  /** False: the operation exists only as HTTP/2 on the engine's socket; it is recognised, and always refused. */
  readonly carried: boolean
}

/** A request that was recognised. Everything in it was parsed once and is what will be forwarded. */
export interface Operation {
  readonly spec: OperationSpec
  /** The access class that counts for this request (see `OperationSpec.elevated`). */
  readonly access: AccessClass
  /** True when `access` comes from `OperationSpec.elevated`. */
  readonly elevated: boolean
  /** `"1.41"`, or null for an unversioned request. */
  readonly apiVersion: string | null
  /** Decoded path parameters; a null-prototype object. */
  readonly params: Readonly<Record<string, string>>
  /** Decoded query parameters in the client's order, dropped ones left out. */
  readonly query: ReadonlyArray<readonly [name: string, value: string]>
  /** The canonical origin-form target (path and query) that is sent to the engine. */
  readonly target: string
}
