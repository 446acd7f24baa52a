import type { Findings } from '../config/findings.ts'
import type { Pieces } from '../config/pieces.ts'
import type { OperationId } from '../engine/operations.ts'
import { quoted } from '../text.ts'
import { implies } from './implies.ts'
import { neverWorks } from './objects.ts'
import type { Profile } from './profile/types.ts'
import type { Binding, Policy, Role } from './types.ts'
import { waysToRoot } from './unbounded.ts'

/** Operations that come to nothing without a part of the role. */
const WANTS: readonly [operation: OperationId, part: string, has: (profile: Profile) => boolean][] = [
  ['ContainerCreate', 'workload', ({ workload }) => workload !== null],
  ['ServiceCreate', 'workload', ({ workload }) => workload !== null],
  ['ContainerExec', 'exec', ({ exec }) => exec !== null],
  ['ImageBuild', 'build', ({ build }) => build !== null],
  ['ImagePush', 'registries: {push: […]}', ({ registries }) => (registries?.push.length ?? 0) > 0],
  ['ContainerArchive', 'archive: {get: […]}', ({ archive }) => (archive?.get.length ?? 0) > 0],
  ['PutContainerArchive', 'archive: {put: […]}', ({ archive }) => (archive?.put.length ?? 0) > 0],
]

/** What is legal in a policy and probably not meant: rules without effect, and the widest rule of all. */
export function policyWarnings(
  pieces: Pick<Pieces, 'issuers' | 'roles' | 'bindings' | 'adminListener'>,
  policy: Policy,
  findings: Findings,
): void {
  warnBindings(pieces, policy, findings)
  warnParts(policy, findings)
  for (const role of policy.roles.values()) {
    warnObjects(role, findings)
    warnObserving(role, findings)
  }
  warnOwners(policy, findings)
  const roles = new Set(pieces.bindings.map(({ value }) => value.role))
  const issuers = new Set(pieces.bindings.map(({ value }) => value.issuer))
  for (const { issuer } of pieces.adminListener?.allow ?? []) issuers.add(issuer)
  for (const name of pieces.issuers.keys()) {
    if (!issuers.has(name))
      findings.warn(['issuers', name], 'no binding names this issuer, so it gives nobody a role', { atKey: true })
  }
  for (const [name, role] of pieces.roles) {
    if (!roles.has(name)) findings.warn(['roles', name], 'no binding gives anybody this role', { atKey: true })
    for (const [index, item] of role?.allow?.entries() ?? []) {
      if (!/^\*+$/.test(item)) continue
      const what = 'allows every operation, with prune, swarm, plugins and BuildKit: root on the host'
      findings.warn(['roles', name, 'allow', index], what)
    }
  }
}

function warnParts({ roles }: Policy, findings: Findings): void {
  for (const { name, operations, profile } of roles.values()) {
    const without = WANTS.filter(([operation, , has]) => operations.has(operation) && !has(profile))
    for (const part of new Set(without.map(([, wanted]) => wanted))) {
      const names = without.filter(([, wanted]) => wanted === part).map(([operation]) => operation)
      const what = `allows ${names.join(' and ')}, and refuses every one for what it asks for`
      findings.warn(['roles', name], `${what}: add ${part}, or "extends"`, { atKey: true })
    }
  }
}

function warnBindings(pieces: Pick<Pieces, 'bindings'>, policy: Policy, findings: Findings): void {
  if (pieces.bindings.length === 0)
    findings.warn(['bindings'], 'there is no binding, so nobody has a role', { atKey: true })
  for (const binding of policy.bindings) {
    const earlier = shadowOf(binding, policy)
    if (earlier === null) continue
    const what = earlier.when === null ? 'no "when"' : 'a "when" that holds whenever this one does'
    const why = `bindings[${earlier.index}] has the same issuer, ${what}, and decides first`
    findings.warn(['bindings', binding.index], `never used: ${why}; move this one before it`)
  }
}

/** The first binding before this one that takes everybody whom this one would; null when none is known to. */
function shadowOf({ index, issuer, when }: Binding, { bindings }: Policy): Binding | null {
  const before = bindings.filter((one) => one.index < index && one.issuer === issuer)
  return before.find((one) => implies(when, one.when)) ?? null
}

/** Said at every start: it is meant for a while. */
function warnObserving({ name, observe }: Role, findings: Findings): void {
  if (!observe) return
  const what =
    'OBSERVES ONLY: what this role refuses is written down and let through; whoever has it is root on the host'
  findings.warn(['roles', name, 'observe'], `${what}. Remove it when the role allows what is needed`)
}

/** What makes own objects less than they seem. */
function warnObjects(role: Role, findings: Findings): void {
  if (role.objects === null) return
  const { quotas } = role.objects
  const path = ['roles', role.name]
  const [way] = waysToRoot(role)
  if (way !== undefined) {
    const what = `own objects keep nobody from the others' here: the role is as good as root on the host (${way.by})`
    findings.warn([...path, 'objects'], `${what}; "dockgate check" lists every way`)
  }
  const never = neverWorks(role)
  if (never.length > 0) {
    const what = `${never.join(', ')} never work for own objects: what they are about has no owner`
    findings.warn([...path, 'allow'], `${what}; leave them to another role`)
  }
  const { memory = null, nanoCpus = null } = role.profile.workload?.limits ?? {}
  for (const [key, quota, limit] of [
    ['memory', quotas.memory, memory],
    ['cpus', quotas.nanoCpus, nanoCpus],
  ] as const) {
    if (quota === Number.POSITIVE_INFINITY || (limit !== null && limit !== Number.POSITIVE_INFINITY)) continue
    const what = `a container that states no ${key} counts for nothing here, and may use all of the host's`
    findings.warn([...path, 'quotas', key], `${what}: give workload.limits.${key} a number`)
  }
}

/** Templates by which callers of two issuers, or of two roles, may meet without anybody having meant it. */
function warnOwners({ bindings }: Policy, findings: Findings): void {
  const own = bindings.filter(({ role }) => role.objects !== null)
  for (const { index, issuer, owner, role } of own) {
    const path = ['bindings', index]
    const written = ({ owner: other }: Binding) => other?.from === 'binding'
    const other = own.find((one) => one.issuer !== issuer && written(one))
    if (owner?.from === 'binding' && !owner.anchored && other !== undefined) {
      const what = `a key from here may equal one of bindings[${other.index}], whose issuer is another`
      findings.warn([...path, 'owner'], `${what}: begin with "\${issuer}:", or with a text of its own`)
    }
    const mixed = own.find((one) => one.issuer === issuer && one.role.objects?.names !== role.objects?.names)
    if (mixed !== undefined && mixed.index < index) {
      const what = `${quoted(role.name)} and ${quoted(mixed.role.name)} differ in {own: prefixed}`
      findings.warn([...path, 'role'], `${what}: an owner who has both meets the same object under two names`)
    }
  }
}
