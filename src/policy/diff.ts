import { isDeepStrictEqual } from 'node:util'
import type { LoadedPolicy } from '../config/load.ts'
import type { Condition } from './condition.ts'
import { diffKeys, type KeyChange, type RoleInFull } from './diff-keys.ts'
import { conditionKey, implies } from './implies.ts'
import type { Binding, Policy, Role } from './types.ts'
import { waysToRoot } from './unbounded.ts'

/** What two configurations differ in, for those who call: plain data, fit for JSON. */
export interface PolicyDiff {
  readonly same: boolean
  /** Principals whose role, or what it allows, is another one, together where the same holds for them. */
  readonly changes: readonly AccessChange[]
  /** Keys of issuers that are in both: who is taken for whom. */
  readonly issuers: readonly IssuerChange[]
  /** Issuers whose bindings are in another order: whoever matches several may get another role. */
  readonly reordered: readonly string[]
  /** Other parts of the configuration that are not the same. */
  readonly others: readonly string[]
}

export interface AccessChange {
  readonly who: readonly PrincipalChange[]
  /** Names of roles; null: none. */
  readonly before: string | null
  readonly after: string | null
  /** Operations; `ContainerAttach with standard input` is one of its own. */
  readonly gains: readonly string[]
  readonly losses: readonly string[]
  readonly keys: readonly KeyChange[]
  /** They become root on the host in this way, and were not before; null where that is not so. */
  readonly root: string | null
}

/** Principals of an issuer for which a condition holds. */
export interface PrincipalChange {
  readonly issuer: string
  /** As written; null: everybody of the issuer. */
  readonly when: string | null
  /** The owner's template before and after; null where it stays. */
  readonly owner: { readonly before: string | null; readonly after: string | null } | null
}

interface IssuerChange {
  readonly issuer: string
  /** `jwt.audience`. */
  readonly keys: readonly string[]
}

interface Principals {
  readonly issuer: string
  readonly when: Condition | null
}

/** Compares what two configurations allow to whom. */
export function diffPolicies(before: LoadedPolicy, after: LoadedPolicy): PolicyDiff {
  const changes = accessChanges(before, after)
  const issuers = issuerChanges(before, after)
  const reordered = Object.keys(after.config.issuers).filter((issuer) =>
    isReordered(issuer, before.policy, after.policy),
  )
  const others = otherParts(before, after)
  const same = [changes, issuers, reordered, others].every((list) => list.length === 0)
  return { same, changes, issuers, reordered, others }
}

function accessChanges(before: LoadedPolicy, after: LoadedPolicy): AccessChange[] {
  const changes = new Map<string, AccessChange & { who: PrincipalChange[] }>()
  for (const principals of everyone(before.policy, after.policy)) {
    const old = bindingFor(principals, before.policy)
    const now = bindingFor(principals, after.policy)
    const key = `${old?.role.name ?? ''} -> ${now?.role.name ?? ''}`
    const change = changes.get(key) ?? { who: [], ...roleChange(full(old, before), full(now, after)) }
    const owner = ownerChange(old, now)
    const differs =
      change.before !== change.after || change.gains.length + change.losses.length + change.keys.length > 0
    if (!differs && owner === null) continue
    change.who.push({ issuer: principals.issuer, when: principals.when?.text ?? null, owner })
    changes.set(key, change)
  }
  return [...changes.values()]
}

/** Whoever a binding of either speaks of: those of the new one, then those that only the old one has. */
function everyone(before: Policy, after: Policy): Iterable<Principals> {
  const all = new Map<string, Principals>()
  for (const { issuer, when } of [...after.bindings, ...before.bindings]) {
    const key = keyOf({ issuer, when })
    if (!all.has(key)) all.set(key, { issuer, when })
  }
  return all.values()
}

/** The binding that decides, as far as conditions can be compared; null: none. */
function bindingFor({ issuer, when }: Principals, { bindings }: Policy): Binding | null {
  return bindings.find((binding) => binding.issuer === issuer && implies(when, binding.when)) ?? null
}

type Full = RoleInFull & { readonly role: Role }

function full(binding: Binding | null, { config }: LoadedPolicy): Full | null {
  const { role } = binding ?? {}
  const written = role && config.roles[role.name]
  return role === undefined || written === undefined ? null : { role, config: written }
}

function roleChange(before: Full | null, after: Full | null): Omit<AccessChange, 'who'> {
  const [old, now] = [operationsOf(before), operationsOf(after)]
  const [way] = after === null || before?.role.unbounded ? [] : waysToRoot(after.role)
  return {
    before: before?.role.name ?? null,
    after: after?.role.name ?? null,
    gains: [...now].filter((id) => !old.has(id)),
    losses: [...old].filter((id) => !now.has(id)),
    keys: before === null || after === null ? [] : diffKeys(before, after),
    root: way === undefined ? null : `${way.by}: ${way.why}`,
  }
}

function operationsOf(full: Full | null): ReadonlySet<string> {
  if (full === null) return new Set()
  const { operations, elevated } = full.role
  return new Set([...operations, ...[...elevated].map((id) => `${id} with standard input`)])
}

function ownerChange(before: Binding | null, after: Binding | null): PrincipalChange['owner'] {
  const templateOf = (binding: Binding | null) => (binding?.role.objects ? (binding.owner?.text ?? null) : null)
  const [old, now] = [templateOf(before), templateOf(after)]
  return old === now ? null : { before: old, after: now }
}

/** Whether bindings that both have are tried in another order. */
function isReordered(issuer: string, before: Policy, after: Policy): boolean {
  const keys = ({ bindings }: Policy) => [...new Set(bindings.filter((one) => one.issuer === issuer).map(keyOf))]
  const [old, now] = [keys(before), keys(after)]
  return !isDeepStrictEqual(
    old.filter((key) => now.includes(key)),
    now.filter((key) => old.includes(key)),
  )
}

function keyOf({ issuer, when }: Principals): string {
  return JSON.stringify([issuer, conditionKey(when)])
}

function issuerChanges(
  { config: { issuers: old } }: LoadedPolicy,
  { config: { issuers } }: LoadedPolicy,
): IssuerChange[] {
  return Object.entries(issuers).flatMap(([issuer, now]) => {
    const before = old[issuer]
    if (before === undefined || isDeepStrictEqual(before, now)) return []
    const kinds = (['jwt', 'certificate'] as const).flatMap((kind) => changedKeys(before[kind], now[kind], kind))
    return [{ issuer, keys: kinds }]
  })
}

function changedKeys(before: object = {}, after: object = {}, prefix: string): string[] {
  const old = new Map<string, unknown>(Object.entries(before))
  const now = new Map<string, unknown>(Object.entries(after))
  const keys = [...new Set([...old.keys(), ...now.keys()])]
  return keys.filter((key) => !isDeepStrictEqual(old.get(key), now.get(key))).map((key) => `${prefix}.${key}`)
}

function otherParts({ config: before }: LoadedPolicy, { config: after }: LoadedPolicy): string[] {
  const { issuers: _issuers, roles: _roles, bindings: _bindings, include: _include, ...others } = after
  const { issuers: _1, roles: _2, bindings: _3, include: _4, ...old } = before
  return changedKeys(old, others, '').map((key) => key.slice(1))
}
