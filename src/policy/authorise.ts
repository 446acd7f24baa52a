import type { Operation } from '../engine/types.ts'
import type { Principal } from '../identity/principal.ts'
import { printable, quoted } from '../text.ts'
import { tryBinding } from './bindings.ts'
import type { Binding, Decision, Policy, RequestFacts, Role } from './types.ts'

/** Without these a client cannot agree on an API version, so even its refusals would not be understood. */
const ALWAYS_ALLOWED: ReadonlySet<string> = new Set(['SystemPing', 'SystemPingHead', 'SystemVersion'])

const ALWAYS: Decision = { allow: true, role: null, owner: null, reason: 'allowed', message: '' }

const SUBJECT_LENGTH = 200
const ALLOW_LENGTH = 200
const TEMPLATE_LENGTH = 200

/** A role that a principal may have, and the decision that every operation shares which the role allows. */
interface Candidate {
  readonly role: Role
  /** What must hold of the request; null when all that the binding asks is known of the principal. */
  readonly binding: Binding | null
  readonly allowed: Decision
}

/** A principal's place in a policy. */
interface Standing {
  readonly policy: Policy
  /** In file order; none but the last has its role for every request. */
  readonly candidates: readonly Candidate[]
}

/**
 * Which roles a principal may have depends on nothing but the two, and principals are made once a proof, so they are
 * found once a principal. An entry lives no longer than its principal; a new policy (another object) makes it void.
 */
const standings = new WeakMap<Principal, Standing>()

/**
 * Decides whether the principal may do the operation: the first binding in file order whose issuer and condition match
 * names the role, and the role says yes or no. Never throws.
 */
export function authorise(policy: Policy, principal: Principal, operation: Operation, request: RequestFacts): Decision {
  if (ALWAYS_ALLOWED.has(operation.spec.id)) return ALWAYS
  const candidate = candidateOf(policy, principal, request)
  if (candidate === null) return noBinding(principal)
  const { role, allowed } = candidate
  const operations = operation.elevated ? role.elevated : role.operations
  return operations.has(operation.spec.id) ? allowed : notAllowed(candidate, operation)
}

/** The role that the policy gives to the principal for this request, or null. */
export function roleOf(policy: Policy, principal: Principal, request: RequestFacts): Role | null {
  return candidateOf(policy, principal, request)?.role ?? null
}

function candidateOf(policy: Policy, principal: Principal, request: RequestFacts): Candidate | null {
  for (const candidate of candidatesOf(policy, principal, request)) {
    if (candidate.binding === null || matches(policy, candidate.binding, principal, request)) return candidate
  }
  return null
}

function candidatesOf(policy: Policy, principal: Principal, request: RequestFacts): readonly Candidate[] {
  const known = standings.get(principal)
  if (known !== undefined && known.policy === policy) return known.candidates
  const candidates: Candidate[] = []
  for (const binding of policy.bindings) {
    if (binding.issuer !== principal.issuer) continue
    const perRequest = binding.when?.perRequest ?? false
    if (!perRequest && !matches(policy, binding, principal, request)) continue
    const { role } = binding
    candidates.push({ role, binding: perRequest ? binding : null, allowed: allowedBy(binding, principal) })
    if (!perRequest) break
  }
  standings.set(principal, { policy, candidates })
  return candidates
}

/** A role for own objects allows nothing to a caller whose objects are not known. */
function allowedBy({ role, owner, index }: Binding, principal: Principal): Decision {
  const known = owner?.keyFor(principal) ?? { key: null, problem: 'is missing' }
  if (known.key !== null || role.objects === null) {
    return { allow: true, role, owner: known.key, reason: 'allowed', message: '' }
  }
  const template = owner === null ? '' : ` ${quoted(owner.text, TEMPLATE_LENGTH)}`
  const message =
    `role "${role.name}" is for own objects, and the gate cannot tell which are yours: ` +
    `the owner template${template} ${known.problem}. An operator can set another one as bindings[${index}].owner`
  return { allow: false, role, owner: null, reason: 'owner-unknown', message }
}

function matches({ errors }: Policy, binding: Binding, principal: Principal, request: RequestFacts): boolean {
  const { outcome, error, claimMissing } = tryBinding(binding, principal, request)
  if (error !== null && !claimMissing) errors.note(binding.index, error)
  return outcome === 'matched'
}

function noBinding({ issuer, subject }: Principal): Decision {
  const who = `issuer ${quoted(issuer)} subject ${quoted(subject, SUBJECT_LENGTH)}`
  const message = `no binding gives ${who} a role; an operator can add one under "bindings"`
  return { allow: false, role: null, owner: null, reason: 'binding-none', message }
}

/**
 * What a role says to an operation that it does not allow, by the operation's place: once made, it says so to everybody. As
 * many as the operation table has rows, twice for those that count as something else at times; no longer than the role.
 */
const sayings = new WeakMap<Role, Map<string, string>>()

function notAllowed({ role, allowed }: Candidate, operation: Operation): Decision {
  const said = sayings.get(role) ?? new Map<string, string>()
  const key = operation.elevated ? `${operation.spec.id} elevated` : operation.spec.id
  const message = said.get(key) ?? whyNotAllowed(role, operation)
  sayings.set(role, said.set(key, message))
  return { allow: false, role, owner: allowed.owner, reason: 'operation-not-allowed', message }
}

function whyNotAllowed(role: Role, operation: Operation): string {
  const { id, elevated } = operation.spec
  const what =
    operation.elevated && elevated ? `${id} with ${elevatedBy(elevated.query)}` : `${id} (${operation.access})`
  const counts = operation.elevated ? `, which counts as ${operation.access}` : ''
  const adds = wouldAllow(operation).map((item) => `"${item}"`)
  return (
    `role "${role.name}" does not allow ${what}${counts}; it allows ${printable(role.allow.join(', '), ALLOW_LENGTH)}. ` +
    `To allow it, an operator adds ${adds.join(' or ')} to roles.${role.name}.allow${instead(operation)}`
  )
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
