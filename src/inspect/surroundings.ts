import type { Operation } from '../engine/types.ts'
import type { Principal } from '../identity/principal.ts'
import type { HostPath } from '../policy/profile/paths.ts'
import type { Role } from '../policy/types.ts'
import type { JsonValue } from './json/value.ts'

/** What a request's judgement needs to know beside the request. A rejection refuses the request. */
export interface Surroundings {
  /** Where a path of the host leads (`resolveOnHost` of policy/profile); null where the host's files are not seen. */
  readonly resolveOnHost: ((path: string) => Promise<HostPath | null>) | null
  /** The engine's answer to ExecInspect; null when it knows no such exec. */
  inspectExec(id: string): Promise<JsonValue | null>
  /** Whether the making of that exec was judged for this principal under this role. */
  execWasJudged(id: string, principal: Principal, role: Role): boolean
  /**
   * A parsed body as it is to be judged: a client that updates an object sends the gate's own labels back as it read them,
   * and those that the object has are no wish of the client's.
   */
  withoutReturned(operation: Operation, body: JsonValue): JsonValue | Promise<JsonValue>
}
