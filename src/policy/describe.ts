import type { AdminAllowConfig } from '../config/admin-schema.ts'
import { formatProblem } from '../config/errors.ts'
import type { LoadedConfig } from '../config/load.ts'
import { showDuration } from '../config/quantities.ts'
import type { Config } from '../config/schema.ts'
import { ACCESS_CLASSES, type AccessClass } from '../engine/access.ts'
import { OPERATIONS, type OperationId } from '../engine/operations.ts'
import { type AccessDescription, describeAccess } from './describe-access.ts'
import { describeIssuer, type IssuerDescription } from './describe-issuer.ts'
import { neverWorks } from './objects.ts'
import { describeRate } from './rate.ts'
import type { Binding, ObjectsRule, Policy, Quotas, Role } from './types.ts'
import { reachesOthers, type WayToRoot, waysToRoot } from './unbounded.ts'

/** What `dockgate check` tells about a configuration: plain data, fit for JSON. */
export interface Description {
  readonly file: string
  readonly engine: string
  readonly listeners: readonly ListenerDescription[]
  readonly issuers: readonly IssuerDescription[]
  readonly roles: readonly RoleDescription[]
  /** The file in which it is written down whose images and unnamed volumes are whose; null: none. */
  readonly ledger: string | null
  /** In the order in which they are tried. */
  readonly bindings: readonly BindingDescription[]
  /** The same with what they come to: who may do what, on what. */
  readonly access: readonly AccessDescription[]
  /** Where the gate tells how it is, and who may ask over the network; null: nowhere. */
  readonly admin: AdminDescription | null
  /** One line each, as `formatProblem` writes them. */
  readonly warnings: readonly string[]
}

interface AdminDescription {
  readonly socket: string
  readonly listener: {
    readonly address: string
    readonly tls: boolean
    readonly allow: readonly AdminAllowConfig[]
  } | null
}

interface ListenerDescription {
  readonly name: string
  readonly address: string
  readonly tls: boolean
  readonly clientCertificates: 'none' | 'optional' | 'required'
}

export interface RoleDescription {
  readonly name: string
  /** The preset on which it is built. */
  readonly extends: string | null
  readonly allow: readonly string[]
  /** What may be asked for, those of the preset included: part (`workload`), then the keys that it has. */
  readonly parts: Readonly<Record<string, readonly string[]>>
  /** Only the classes of which it allows something, in the order of `ACCESS_CLASSES`. */
  readonly operations: Readonly<Partial<Record<AccessClass, readonly OperationId[]>>>
  /** Operations that it allows with standard input too. */
  readonly elevated: readonly OperationId[]
  /** How long what was begun may go on after its proof has expired: `0s`, `5m`, `unlimited`. */
  readonly grace: { readonly sessions: string; readonly streams: string }
  /** How much may be asked at a time, a line each; empty: no bound. */
  readonly rate: readonly string[]
  /** Its refusals are written down, and let through. */
  readonly observe: boolean
  readonly unbounded: boolean
  /** Why it is unbounded: how one becomes root on the host. */
  readonly waysToRoot: readonly WayToRoot[]
  /** Operations that act inside every container of the engine, also in those that others made with more rights. */
  readonly reachesOthers: readonly OperationId[]
  /** Null: it acts on everybody's objects. */
  readonly objects: ObjectsDescription | null
  /** Operations that it allows and that never work for own objects. */
  readonly neverWorks: readonly OperationId[]
}

interface ObjectsDescription {
  readonly names: ObjectsRule['names']
  readonly sharedImages: readonly string[]
  /** Only those that bound something: numbers, memory in bytes, processors as such. */
  readonly quotas: Readonly<Record<string, number>>
  /** `2h`, or `unlimited`. */
  readonly lifetime: string
  readonly endsWithToken: boolean
}

interface BindingDescription {
  readonly role: string
  readonly issuer: string
  /** The CEL condition as written; null: every principal of the issuer. */
  readonly when: string | null
  /** The template of the owner key, its own or the one of the issuer's preset; null: none. */
  readonly owner: string | null
}

/** Describes a loaded configuration for people and programs. */
export function describe({ file, config, policy, warnings }: LoadedConfig): Description {
  return {
    file,
    engine: config.engine,
    listeners: config.listeners.map(({ name, address, tls }) => ({
      name,
      address,
      tls: tls !== undefined,
      clientCertificates: tls?.clientCertificates ?? 'none',
    })),
    issuers: Object.entries(config.issuers).map(([name, issuer]) => describeIssuer(name, issuer)),
    roles: [...policy.roles.values()].map(describeRole),
    ledger: config.ledger?.file ?? null,
    bindings: policy.bindings.map(describeBinding),
    access: describeAccess(policy),
    admin: config.admin === undefined ? null : describeAdmin(config.admin),
    warnings: [...warnings.map(formatProblem), ...unboundedWarnings(file, policy)],
  }
}

/** A role that is meant to be root on the host is nothing to be told at each start, as other warnings are. */
function unboundedWarnings(file: string, { roles, bindings }: Policy): string[] {
  return [...roles.values()].flatMap((role) => {
    const [way] = waysToRoot(role)
    const given = bindings.filter((binding) => binding.role === role).map(({ index }) => `bindings[${index}]`)
    if (way === undefined || given.length === 0) return []
    const message = `unbounded: ${given.join(', ')} make root on the host of whoever they match (${way.by}: ${way.why})`
    return [formatProblem({ file, line: 0, column: 0, path: `roles.${role.name}`, message })]
  })
}

function describeAdmin({ socket, listener }: NonNullable<Config['admin']>): AdminDescription {
  if (listener === undefined) return { socket, listener: null }
  const { address, tls, allow } = listener
  return { socket, listener: { address, tls: tls !== undefined, allow } }
}

function describeBinding({ role, issuer, when, owner }: Binding): BindingDescription {
  return { role: role.name, issuer, when: when?.text ?? null, owner: owner?.text ?? null }
}

/** Describes one role. */
export function describeRole(role: Role): RoleDescription {
  const operations: Partial<Record<AccessClass, OperationId[]>> = {}
  for (const access of Object.keys(ACCESS_CLASSES) as AccessClass[]) {
    const ids = OPERATIONS.filter((spec) => spec.access === access && role.operations.has(spec.id)).map(
      (spec) => spec.id,
    )
    if (ids.length > 0) operations[access] = ids
  }
  const { name, allow, observe, unbounded } = role
  return {
    name,
    extends: role.extends,
    allow,
    parts: partsOf(role),
    operations,
    elevated: [...role.elevated],
    grace: { sessions: showTime(role.grace.sessions), streams: showTime(role.grace.streams) },
    rate: describeRate(role.rate),
    observe,
    unbounded,
    waysToRoot: waysToRoot(role),
    reachesOthers: reachesOthers(role),
    objects: role.objects && describeObjects(role.objects),
    neverWorks: neverWorks(role),
  }
}

function describeObjects({ names, sharedImages, quotas, lifetime, endsWithToken }: ObjectsRule): ObjectsDescription {
  return {
    names,
    sharedImages: sharedImages.map(({ text }) => text),
    quotas: describeQuotas(quotas),
    lifetime: showTime(lifetime),
    endsWithToken,
  }
}

function describeQuotas({ nanoCpus, ...others }: Quotas): Record<string, number> {
  return Object.fromEntries(
    Object.entries({ ...others, cpus: nanoCpus / 1e9 }).filter(([, most]) => most !== Number.POSITIVE_INFINITY),
  )
}

function showTime(time: number): string {
  return time === Number.POSITIVE_INFINITY ? 'unlimited' : showDuration(time)
}

function partsOf({ parts: { allow: _, ...parts } }: Role): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(parts).flatMap(([part, keys]) => (keys === undefined ? [] : [[part, Object.keys(keys)]])),
  )
}
