import type { Exchange } from '../audit/exchange.ts'
import { requestFacts } from '../gate/gate.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import type { Finding } from '../inspect/judge/types.ts'
import { itemThatAllows } from '../policy/allow.ts'
import { wouldAllow } from '../policy/authorise.ts'
import { type BindingStep, traceBindings } from '../policy/bindings.ts'
import type { Policy } from '../policy/types.ts'
import type { ReasonCode } from '../reasons.ts'
import { Refusal } from '../refusal.ts'
import type { Question } from './explain-question.ts'

/** What `dockgate explain --json` prints; docs/configuration.md describes it. */
export interface Explanation {
  readonly allowed: boolean
  /** Status of the gate's refusal; null when the engine answers. */
  readonly status: number | null
  readonly reason: ReasonCode
  /** What the client reads, without the record's id; empty when allowed. */
  readonly message: string
  readonly request: { readonly method: string; readonly target: string }
  /** Null: the request is refused before it is recognised. */
  readonly operation: { readonly id: string; readonly access: string; readonly apiVersion: string | null } | null
  /** Null: refused before it is known who asks. */
  readonly caller: {
    readonly issuer: string
    readonly subject: string
    /** `assumed`: given with --as; `token`: verified. */
    readonly proof: 'assumed' | 'token'
  } | null
  /** In file order; empty while it is not known who asks. */
  readonly bindings: readonly BindingDescription[]
  /** The role that decided; null when none did, or the operation needs none. */
  readonly role: RoleDescription | null
  /** Under whose key it was decided, and the template that made it; null where the binding gives none. */
  readonly owner: { readonly key: string; readonly template: string } | null
  readonly findings: readonly Finding[]
  /** What the engine would get; null when refused. */
  readonly sent: Sent | null
  /** What to know about this answer, a sentence each. */
  readonly notes: readonly string[]
}

interface BindingDescription {
  readonly issuer: string
  readonly role: string
  /** The condition as written; null: everybody of the issuer. */
  readonly when: string | null
  readonly outcome: BindingStep['outcome']
  /** Why the condition could not be evaluated, else null. */
  readonly error: string | null
}

interface RoleDescription {
  readonly name: string
  readonly extends: string | null
  readonly allow: readonly string[]
  /** The item of `allow` that gives the operation; null: none does. */
  readonly allowedBy: string | null
  /** Items that would; empty when one does. */
  readonly wouldAllow: readonly string[]
  /** `prefixed`: own, under names of its own. */
  readonly objects: 'all' | 'own' | 'prefixed'
}

interface Sent {
  readonly method: string
  readonly target: string
  /** Names only: values may be credentials. */
  readonly headers: readonly string[]
  /** `stream`: the client's, as it comes. */
  readonly body: 'none' | 'json' | 'stream'
  /** The JSON text to the byte; null without one. */
  readonly json: string | null
}

/** What the decision asked of the world around the request. */
export interface LookedAt {
  hostPaths: boolean
  execMaking: boolean
  archiveEntries: boolean
}

interface Decided {
  readonly policy: Policy
  readonly question: Question
  readonly exchange: Exchange
  readonly outcome: CheckedRequest | Refusal
  readonly lookedAt: LookedAt
}

/** Tells a decision, and the way to it, as plain data. */
export function describeDecision(decided: Decided): Explanation {
  const { question, outcome } = decided
  const { operation, principal, role, findings } = decided.exchange
  const refusal = outcome instanceof Refusal ? outcome : null
  return {
    allowed: refusal === null,
    status: refusal?.status ?? null,
    reason: refusal?.reason ?? 'allowed',
    message: refusal?.message.trimEnd() ?? '',
    request: { method: question.method, target: question.target },
    operation: operation && { id: operation.spec.id, access: operation.access, apiVersion: operation.apiVersion },
    caller: principal && {
      issuer: principal.issuer,
      subject: principal.subject,
      proof: 'token' in question.caller ? 'token' : 'assumed',
    },
    bindings: stepsOf(decided).map(describeStep),
    role: describeRole(decided.exchange),
    owner: ownerOf(decided),
    findings: findings.map((finding) => ({ ...finding, key: `roles.${role?.name}.${finding.key}` })),
    sent: outcome instanceof Refusal ? null : describeSent(outcome),
    notes: notesOf(decided),
  }
}

function stepsOf({ policy, exchange }: Pick<Decided, 'policy' | 'exchange'>): readonly BindingStep[] {
  const { principal, operation } = exchange
  if (principal === null || operation === null) return []
  return traceBindings(policy, principal, requestFacts(exchange, operation))
}

function describeStep({ binding: { issuer, role, when }, outcome, error }: BindingStep): BindingDescription {
  return { issuer, role: role.name, when: when?.text ?? null, outcome, error }
}

function describeRole({ role, operation }: Exchange): RoleDescription | null {
  if (role === null || operation === null) return null
  const allowedBy = itemThatAllows(role.allow, operation)
  return {
    name: role.name,
    extends: role.extends,
    allow: role.allow,
    allowedBy,
    wouldAllow: allowedBy === null ? wouldAllow(operation) : [],
    objects: role.objects === null ? 'all' : role.objects.names === 'prefixed' ? 'prefixed' : 'own',
  }
}

function ownerOf(decided: Decided): Explanation['owner'] {
  const { owner: key } = decided.exchange
  const matched = stepsOf(decided).find(({ outcome }) => outcome === 'matched')
  return key === null ? null : { key, template: matched?.binding.owner?.text ?? '' }
}

function describeSent({ operation, headers, body }: CheckedRequest): Sent {
  const sent = {
    method: operation.spec.method,
    target: operation.target,
    headers: headers.filter((_, index) => index % 2 === 0),
  }
  if (body.kind === 'bytes') return { ...sent, body: 'json', json: body.bytes.toString() }
  return { ...sent, body: body.kind, json: null }
}

function notesOf({ policy, question, exchange, outcome, lookedAt }: Decided): string[] {
  const { caller, body } = question
  const { operation, principal } = exchange
  const notes: string[] = []
  if (principal !== null && 'principal' in caller) {
    notes.push('the caller is taken as verified: no signature, date or audience was looked at')
  }
  if (stepsOf({ policy, exchange }).some(({ binding }) => binding.when?.perRequest)) {
    notes.push(`conditions saw a request on listener "${exchange.listener}", from no address, at this time`)
  }
  if (exchange.role?.objects && !(outcome instanceof Refusal)) {
    notes.push(
      "whether the objects that it names are the caller's own, only the engine and the ledger know; the gate asks them",
    )
  }
  if (exchange.observed !== null && !(outcome instanceof Refusal)) {
    notes.push(
      `role "${exchange.role?.name}" only observes: it would refuse this (${exchange.observed}), and lets it through`,
    )
  }
  if (lookedAt.hostPaths) {
    notes.push('symbolic links in host paths were followed on this machine; on the Docker host they may lead elsewhere')
  }
  if (lookedAt.execMaking) {
    notes.push('what an exec runs is judged when it is made; this start is taken for that of an exec that was allowed')
  }
  if (body === null && operation?.spec.body === 'json') notes.push('judged without a body; --body FILE gives one')
  if (operation?.spec.body === 'tar' && !(outcome instanceof Refusal)) notes.push(archiveNote(outcome, lookedAt))
  return notes
}

function archiveNote({ body }: CheckedRequest, { archiveEntries }: LookedAt): string {
  if (body.kind === 'none') return 'judged without the archive; --body FILE gives one'
  return archiveEntries ? 'every entry of the archive was judged' : 'the archive passes as it is, whatever is in it'
}
