import type { PresetName } from '../config/profile-schema.ts'
import type { OperationId } from '../engine/operations.ts'
import type { ReasonCode } from '../reasons.ts'
import type { Condition } from './condition.ts'
import type { ConditionErrors } from './condition-errors.ts'
import type { OwnerTemplate } from './owner.ts'
import type { Pattern } from './profile/pattern.ts'
import type { RoleParts } from './profile/presets.ts'
import type { Profile } from './profile/types.ts'

/** What may be done, and what may be asked for in doing it. */
export interface Role {
  readonly name: string
  /** The role that ships with the program on which it is built. */
  readonly extends: PresetName | null
  /** What the configuration, or the preset, said: for messages. */
  readonly allow: readonly string[]
  /** The same of its parts, those of the preset included. */
  readonly parts: RoleParts
  readonly operations: ReadonlySet<OperationId>
  /** Operations allowed also in their elevated form (`OperationSpec.elevated`). */
  readonly elevated: ReadonlySet<OperationId>
  readonly profile: Profile
  /** Null: everybody's objects. */
  readonly objects: ObjectsRule | null
  /** Refusals are written down, and let through (`observing.ts`). */
  readonly observe: boolean
  /** How long what was begun may go on after its proof has expired. */
  readonly grace: Grace
  /** How much may be asked at a time, by one caller and by all of them. */
  readonly rate: Rate
  /** True when whoever has it can become root on the host (`waysToRoot`). */
  readonly unbounded: boolean
}

/** A role that sees and touches only what carries the owner key that its binding gives. */
export interface ObjectsRule {
  /** `prefixed`: containers, networks and volumes are called otherwise on the engine, so that owners cannot meet by name. */
  readonly names: 'plain' | 'prefixed'
  /** References of images that are everybody's to see and use, and nobody's to change. */
  readonly sharedImages: readonly Pattern[]
  readonly quotas: Quotas
  /** Milliseconds after which what was made is removed; Infinity: never. */
  readonly lifetime: number
  /** What was made is removed when the token that made it ends. */
  readonly endsWithToken: boolean
}

/** Null: no bound. */
export interface Bounds {
  readonly requests: { readonly perSecond: number; readonly burst: number } | null
  /** Under way at a time, sessions not counted. */
  readonly concurrent: number | null
  /** Open at a time. */
  readonly sessions: number | null
}

export interface Rate {
  readonly caller: Bounds
  readonly everybody: Bounds
  /** Bytes of the body of one request. */
  readonly upload: number | null
}

/** How much an owner may have at a time; Infinity: any number. */
export interface Quotas {
  readonly containers: number
  readonly running: number
  readonly volumes: number
  readonly networks: number
  readonly images: number
  /** Bytes, over all containers. */
  readonly memory: number
  /** Billionths of a processor, over all containers. */
  readonly nanoCpus: number
}

/** What a condition can know of a request beside its principal. */
export interface RequestFacts {
  /** The client's IP address; empty on a unix socket, and when it is gone already. */
  readonly address: string
  readonly listener: string
  readonly operation: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** Milliseconds; Infinity: to its own end. */
export interface Grace {
  /** Exec, attach, and what is watched without end (events, stats). */
  readonly sessions: number
  /** Everything else: builds, pulls, pushes, logs, transfers. */
  readonly streams: number
}

/** Which principals get which role. */
export interface Binding {
  readonly role: Role
  readonly issuer: string
  /** Null: every principal of the issuer. An evaluation error is a non-match. */
  readonly when: Condition | null
  /** Whose objects are the principal's; null where nothing says so. */
  readonly owner: OwnerTemplate | null
  /** Its place in the file's list, for messages. */
  readonly index: number
}

export interface Policy {
  readonly roles: ReadonlyMap<string, Role>
  /** In file order: the first match decides. */
  readonly bindings: readonly Binding[]
  readonly errors: ConditionErrors
}

/** The outcome of authorise: who it was decided for is the principal beside it. */
export interface Decision {
  readonly allow: boolean
  /** The role that decided; null when no binding matched, or the operation needs none. */
  readonly role: Role | null
  /** The owner key that the binding gives; null where it gives none, and where no binding matched. */
  readonly owner: string | null
  readonly reason: ReasonCode
  /** For people: what was refused and what would allow it; empty when allowed. */
  readonly message: string
}
