import type { Ulimit, WorkloadConfig } from '../../config/profile-schema.ts'
import type { CommandRule } from './command.ts'
import type { Pattern } from './pattern.ts'
import type { PortRule } from './ports.ts'

/**
 * What a role allows to be asked for, ready to be asked about. Each part is null where the role has none, and then
 * everything that the part speaks for is refused. An empty list or set, `false` and null allow nothing.
 */
export interface Profile {
  readonly workload: WorkloadProfile | null
  readonly exec: ExecProfile | null
  readonly build: BuildProfile | null
  readonly registries: RegistriesProfile | null
  readonly archive: ArchiveProfile | null
}

type Item<List> = List extends readonly (infer One)[] ? One : never
type Propagation = Item<Item<WorkloadConfig['mounts']>['propagation']>
type HostNamespace = Item<WorkloadConfig['hostNamespaces']>
type RestartPolicy = Item<WorkloadConfig['restart']>
type TmpfsOption = Item<NonNullable<WorkloadConfig['tmpfs']>['options']>

export interface WorkloadProfile {
  readonly images: readonly Pattern[]
  readonly mounts: readonly MountRule[]
  /** Null: no volumes at all; empty: only those without a name. */
  readonly volumes: readonly Pattern[] | null
  readonly tmpfs: TmpfsRule | null
  readonly networks: readonly Pattern[]
  /** As `normaliseCapability` writes them; ask `allowsCapability`. */
  readonly capabilities: ReadonlySet<string>
  readonly devices: readonly DeviceRule[]
  readonly gpus: GpuRule | null
  readonly hostNamespaces: ReadonlySet<HostNamespace>
  readonly privileged: boolean
  readonly runtimes: readonly Pattern[]
  /** Of options as `normaliseSecurityOption` writes them, and of `systempaths=unconfined`. */
  readonly securityOptions: readonly Pattern[]
  readonly sysctls: readonly Pattern[]
  readonly ports: readonly PortRule[]
  /** Null: the request names no user; `nonRoot`: it names one that `mayBeRoot` clears. */
  readonly user: 'any' | 'nonRoot' | null
  readonly logDrivers: readonly Pattern[]
  /** `no` is always allowed. */
  readonly restart: ReadonlySet<RestartPolicy>
  readonly limits: Limits
  readonly defaults: Defaults
  readonly labels: LabelRule | null
  readonly autoRemove: boolean
  readonly hostFields: readonly Pattern[]
  readonly unknownFields: readonly Pattern[]
}

export interface MountRule {
  readonly source: Pattern
  /** True: the mount must be read-only. */
  readonly readOnly: boolean
  readonly propagation: ReadonlySet<Propagation>
}

interface TmpfsRule {
  /** Bytes; Infinity: any. */
  readonly size: number
  readonly options: ReadonlySet<TmpfsOption>
}

export interface DeviceRule {
  readonly path: Pattern
  /** Of r, w and m. */
  readonly permissions: ReadonlySet<string>
}

export interface GpuRule {
  /** Infinity: any number, and all. */
  readonly count: number
  readonly devices: readonly Pattern[]
  readonly drivers: readonly Pattern[]
}

/**
 * Maxima. Null: a client may not state the quantity, and the engine's own value holds. A number: what is asked for, after
 * `defaults`, is at most that, and of memory, processors and processes something must be. Infinity: whatever is asked for.
 */
export interface Limits {
  /** Bytes. */
  readonly memory: number | null
  /** Bytes, memory included. */
  readonly memorySwap: number | null
  /** Billionths of a processor, as the Engine API counts. */
  readonly nanoCpus: number | null
  readonly pids: number | null
  /** Bytes. */
  readonly shmSize: number | null
  /** Seconds. */
  readonly stopTimeout: number | null
  /** A name that is not here may not be stated. */
  readonly ulimits: ReadonlyMap<Ulimit, number>
}

/** What the gate fills in where the client states nothing; null: nothing. Units as in `Limits`. */
export interface Defaults extends Limits {
  readonly user: string | null
}

export interface LabelRule {
  readonly required: readonly { readonly name: string; readonly value: Pattern }[]
  readonly reserved: readonly Pattern[]
}

export interface ExecProfile {
  /** Empty: the request names no user; `nonRoot`: it names one that `mayBeRoot` clears. */
  readonly users: 'any' | 'nonRoot' | readonly Pattern[]
  readonly privileged: boolean
  /** Ask `allowsCommand`. */
  readonly commands: CommandRule
  readonly environment: readonly Pattern[]
}

export interface BuildProfile {
  readonly networks: readonly Pattern[]
  readonly remotes: readonly Pattern[]
  readonly arguments: readonly Pattern[]
  readonly cacheFrom: readonly Pattern[]
  readonly outputs: readonly Pattern[]
  readonly tags: readonly Pattern[]
  readonly entitlements: ReadonlySet<string>
  readonly limits: Limits
}

export interface RegistriesProfile {
  readonly pull: readonly Pattern[]
  readonly push: readonly Pattern[]
  readonly load: boolean
  readonly import: boolean
  readonly save: boolean
  readonly export: boolean
}

export interface ArchiveProfile {
  readonly get: readonly Pattern[]
  readonly put: readonly Pattern[]
}
