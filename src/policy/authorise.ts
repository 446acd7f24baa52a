import type { Operation } from '../engine/types.ts'
import type { Principal } from '../identity/principal.ts'
import { printable, quoted } from '../text.ts'
import { tryBinding } from './bindings.ts'
import type { Decision, Policy, Role } from './types.ts'

/** Without these a client cannot agree on an API version, so even its refusals would not be understood. */
const ALWAYS_ALLOWED: ReadonlySet<string> = new Set(['SystemPing', 'SystemPingHead', 'SystemVersion'])

const ALWAYS: Decision = { allow: true, role: null, reason: 'allowed', message: '' }

const SUBJECT_LENGTH = 200
const ALLOW_LENGTH = 200

/** A principal's place in a policy: its role, and the decision that every allowed operation shares. */
interface Standing {
  readonly policy: Policy
  readonly role: Role | null
  readonly allowed: Decision
}

/**
 * Which role a principal has depends on nothing but the two, and principals are made once a proof, so it is found once a
 * principal. An entry lives no longer than its principal; a new policy (another object) makes it void.
 */
const standings = new WeakMap<Principal, Standing>()

/**
 * Decides whether the principal may do the operation: the first binding in file order whose issuer and condition match
 * names the role, and the role says yes or no. Never throws.
 */
export function authorise(policy: Policy, principal: Principal, operation: Operation): Decision {
  if (ALWAYS_ALLOWED.has(operation.spec.id)) return ALWAYS
  const { role, allowed } = standingOf(policy, principal)
  if (role === null) return noBinding(principal)
  const operations = operation.elevated ? role.elevated : role.operations
  return operations.has(operation.spec.id) ? allowed : notAllowed(role, operation)
}

/** The role that the policy gives to the principal, or null. */
export function roleOf(policy: Policy, principal: Principal): Role | null {
  return standingOf(policy, principal).role
}

function standingOf(policy: Policy, principal: Principal): Standing {
  const known = standings.get(principal)
  if (known !== undefined && known.policy === policy) return known
  const binding = policy.bindings.find((one) => tryBinding(one, principal).outcome === 'matched')
  const role = binding?.role ?? null
  const standing = { policy, role, allowed: { allow: true, role, reason: 'allowed', message: '' } } as const
  standings.set(principal, standing)
  return standing
}

function noBinding({ issuer, subject }: Principal): Decision {
  const who = `issuer ${quoted(issuer)} subject ${quoted(subject, SUBJECT_LENGTH)}`
  const message = `no binding gives ${who} a role; an operator can add one under "bindings"`
  return { allow: false, role: null, reason: 'binding-none', message }
}

function notAllowed(role: Role, operation: Operation): Decision {
  const { id, elevated } = operation.spec
  const what =
    operation.elevated && elevated ? `${id} with ${elevatedBy(elevated.query)}` : `${id} (${operation.access})`
  const counts = operation.elevated ? `, which counts as ${operation.access}` : ''
  const message =
    `role "${role.name}" does not allow ${what}${counts}; it allows ${printable(role.allow.join(', '), ALLOW_LENGTH)}. ` +
    `To allow it, an operator adds ${wouldAllow(operation)
      .map((item) => `"${item}"`)
      .join(' or ')} to roles.${role.name}.allow${instead(operation)}`
  return { allow: false, role, reason: 'operation-not-allowed', message }
}

/** What the client can do by itself, without the operator. */
function instead({ access }: Operation): string {
  return access === 'buildkit' ? '; the classic builder does without: DOCKER_BUILDKIT=0 docker build' : ''
}

/** Items of a role's `allow` that would give the operation: its access class, and itself alone. */
export function wouldAllow({ access, spec }: Operation): readonly string[] {
  return [access, spec.id]
}

function elevatedBy(query: string): string {
  return query === 'stdin' ? 'standard input' : query
}
