import type { Operation } from '../../engine/types.ts'
import type { Principal } from '../../identity/principal.ts'
import type { HostPath } from '../../policy/profile/paths.ts'
import type { Profile, WorkloadProfile } from '../../policy/profile/types.ts'
import type { FieldValue } from '../fields.ts'
import type { JsonValue } from '../json/value.ts'

export interface JudgeContext {
  readonly profile: Profile
  readonly principal: Principal
  readonly operation: Operation
  /** The checked body, with the role's defaults filled in: for what must be stated. */
  readonly body: JsonValue
  /**
   * Where a path of the host (cleaned) leads when symbolic links are followed, and what is there; null for one that cannot
   * be told. The same answer for the same path throughout a request. Null when the gate does not see the host's files.
   */
  readonly hostPaths: ((path: string) => HostPath | null) | null
}

/** One thing that a role does not allow. */
export interface Finding {
  /** Fit to be shown: `HostConfig.Privileged`. */
  readonly field: string
  /** Printable and short, never a secret such as the value of an environment variable. */
  readonly asked: string
  /** The key of the role that would allow it: `workload.privileged`. */
  readonly key: string
  /** What the role lists, or what must be stated. */
  readonly why: string
}

/** Says what of these fields, all bounded by one part of the role, is not allowed; nothing when all is. */
export type Judge = (fields: readonly FieldValue[], context: JudgeContext) => readonly Finding[]

/** What is known where the role has a workload. */
export interface WorkloadContext extends JudgeContext {
  readonly workload: WorkloadProfile
}

/** As `Judge`. It is asked without fields too, as a role may require something to be stated. */
export type WorkloadJudge = (fields: readonly FieldValue[], context: WorkloadContext) => readonly Finding[]
