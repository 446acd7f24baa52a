import type { OperationId } from '../engine/operations.ts'
import type { Principal } from '../identity/principal.ts'
import type { ReasonCode } from '../reasons.ts'

/** What may be done. Compiled from the configuration: operations only. */
export interface Role {
  readonly name: string
  /** What the configuration said, for messages. */
  readonly allow: readonly string[]
  readonly operations: ReadonlySet<OperationId>
  /** Operations allowed also in their elevated form (`OperationSpec.elevated`). */
  readonly elevated: ReadonlySet<OperationId>
  /** True when it allows creating, exec or building, which no part of the role bounds yet. */
  readonly unbounded: boolean
}

/** Which principals get which role. */
export interface Binding {
  readonly role: Role
  readonly issuer: string
  /** Null: every principal of the issuer. An evaluation error is a non-match. */
  readonly when: ((principal: Principal) => boolean) | null
}

export interface Policy {
  readonly roles: ReadonlyMap<string, Role>
  /** In file order: the first match decides. */
  readonly bindings: readonly Binding[]
}

/** The outcome of authorise: who it was decided for is the principal beside it. */
export interface Decision {
  readonly allow: boolean
  /** The role that decided; null when no binding matched, or the operation needs none. */
  readonly role: string | null
  readonly reason: ReasonCode
  /** For people: what was refused and what would allow it; empty when allowed. */
  readonly message: string
}
