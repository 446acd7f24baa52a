/**
 * How a field of a request is judged.
 * - `harmless`: looked at, and of no consequence to the host or to others; passes.
 * - a part of the role, e.g. `workload.mounts`: passes only as far as that part allows; without it, refused.
 * - `host`: reaches the host itself and no part of a bounded role allows it; passes only when the role lists the field
 *   by name under `workload.hostFields`.
 */
export type Judgement = 'harmless' | 'host' | BoundedBy

/**
 * The parts of a role that bound fields: the key that a refusal names. `objects` says that the field names another
 * object, or which objects are seen or removed: it is bounded by whose objects the role may touch.
 */
export type BoundedBy =
  | 'workload.images'
  | 'workload.mounts'
  | 'workload.volumes'
  | 'workload.tmpfs'
  | 'workload.networks'
  | 'workload.capabilities'
  | 'workload.devices'
  | 'workload.gpus'
  | 'workload.hostNamespaces'
  | 'workload.privileged'
  | 'workload.runtimes'
  | 'workload.securityOptions'
  | 'workload.sysctls'
  | 'workload.ports'
  | 'workload.user'
  | 'workload.logDrivers'
  | 'workload.restart'
  | 'workload.limits'
  | 'workload.labels'
  | 'workload.autoRemove'
  | 'exec.users'
  | 'exec.privileged'
  | 'exec.commands'
  | 'exec.environment'
  | 'build.networks'
  | 'build.remotes'
  | 'build.arguments'
  | 'build.cacheFrom'
  | 'build.outputs'
  | 'build.tags'
  | 'build.limits'
  | 'build.entitlements'
  | 'registries.pull'
  | 'registries.push'
  | 'registries.load'
  | 'registries.import'
  | 'archive.get'
  | 'archive.put'
  | 'objects'

interface Judged {
  readonly judge: Judgement
  /** The empty value says something too (`MaskedPaths: []` lifts the masks): only `null` and absence are nothing. */
  readonly emptyMatters?: true
}

/** A scalar of a request body. The engine decodes into Go types; `integer` is a JSON number without fraction or exponent. */
export interface ScalarField extends Judged {
  readonly type: 'string' | 'boolean' | 'integer' | 'number'
  /** Strings that ask for no more than the empty one: the engine's default by its name, or less than the default. */
  readonly nothing?: readonly string[]
}

/** Fixed names; a name that is not here is refused by name. `judge` speaks for the members together. */
export interface ObjectField extends Judged {
  readonly type: 'object'
  readonly fields: ReadonlyMap<string, Field>
  /** Other spellings of fields, which stock clients write and the engine's case folding takes: alias, then field. */
  readonly aliases: ReadonlyMap<string, string>
  /** What stock clients write and no engine reads: accepted whatever the value, and not forwarded. */
  readonly ignored: ReadonlySet<string>
  /** Names that belong elsewhere, and where: they are refused, with this hint. */
  readonly elsewhere: ReadonlyMap<string, string>
  /** Fields that are sent as an empty object where the client has none, or null. */
  readonly always: ReadonlySet<string>
  /** As a whole body it may be `null`, which stock clients send for none. */
  readonly mayBeNull?: true
}

/** Free keys (labels, options, port numbers): `judge` speaks for the keys, `values` for what they hold. */
export interface MapField extends Judged {
  readonly type: 'map'
  readonly values: Field
}

export interface ListField extends Judged {
  readonly type: 'list'
  readonly items: Field
  /** A string alone stands for a list of one (Go's `strslice.StrSlice`, engines up to 28). */
  readonly orString?: true
  /** As a whole body it may be `null`, which stock clients send for none. */
  readonly mayBeNull?: true
}

export type Field = ScalarField | ObjectField | MapField | ListField

/** How the parameters of one operation are judged, by name; headers in lower case, `x-meta-*` is a prefix. */
export interface ParameterJudgements {
  readonly query?: Readonly<Record<string, Judgement>>
  readonly headers?: Readonly<Record<string, Judgement>>
  /** Path parameters that say more than which object is meant. */
  readonly path?: Readonly<Record<string, Judgement>>
  /** A request body that is no JSON: a tar archive, judged as a whole. */
  readonly stream?: Judgement
}
