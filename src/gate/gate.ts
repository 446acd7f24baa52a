import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import type { Exchange } from '../audit/exchange.ts'
import { makeRecord } from '../audit/record.ts'
import type { Config, ListenerConfig, RoleConfig } from '../config/schema.ts'
import { recognise } from '../engine/recognise.ts'
import type { Operation } from '../engine/types.ts'
import type { Engine } from '../forward/engine.ts'
import type { Authenticator, Evidence } from '../identity/authenticate.ts'
import type { Principal } from '../identity/principal.ts'
import type { Revocations } from '../identity/revocations.ts'
import type { Facts } from '../inspect/facts/facts.ts'
import { type Asked, type BodySource, type CheckedRequest, inspect } from '../inspect/inspect.ts'
import { headerValues } from '../inspect/raw-headers.ts'
import type { Surroundings } from '../inspect/surroundings.ts'
import { checkHead } from '../listen/head.ts'
import { confine, ownerOf } from '../objects/confine.ts'
import { inOneRequest } from '../objects/in-one-request.ts'
import { made } from '../objects/made.ts'
import { send, type World } from '../objects/request.ts'
import { stampsOf } from '../objects/stamps.ts'
import type { Errand } from '../objects/types.ts'
import { updated, withoutReturned } from '../objects/updated.ts'
import { authorise, roleOf } from '../policy/authorise.ts'
import { isOnlyObserved } from '../policy/observing.ts'
import type { Policy, RequestFacts, Role } from '../policy/types.ts'
import { Refusal } from '../refusal.ts'
import type { Counters } from './counters.ts'
import { writtenDown } from './intent.ts'
import { judgeAgain } from './judge-again.ts'
import type { Limits } from './limits.ts'
import { inspectObserving } from './observe.ts'
import type { OpenExchanges } from './open.ts'
import type { GateRecords } from './records-part.ts'
import type { Ending, Sessions } from './sessions.ts'
import type { GateSurroundings } from './surroundings.ts'

/**
 * Everything that a request meets on its way; shared by all listeners. A reload makes another one: a request keeps the
 * one that it began with.
 */
export interface Gate {
  /** Of the configuration, from 1. */
  readonly generation: number
  /** The one that is in force now: this one until a reload. */
  newest(): Gate
  readonly authenticator: Authenticator
  readonly revocations: Revocations
  readonly sessions: Sessions
  readonly policy: Policy
  /** As they are written in the configuration. */
  readonly roles: Config['roles']
  readonly engine: Engine
  readonly records: GateRecords
  readonly counters: Counters
  readonly open: OpenExchanges
  readonly limits: Limits
  readonly surroundings: GateSurroundings
  /** Whose objects are whose; null where nobody has objects of his own. */
  readonly world: World | null
}

/** What a request meets: the gate, and its listener under that configuration. */
export interface Serving {
  readonly gate: Gate
  readonly listener: ListenerConfig
}

/** What is in force now: read once a request, so that it is judged by one configuration from beginning to end. */
export type Serve = () => Serving

/** What was decided of a request. */
type Judged = CheckedRequest | Refusal

/** What a decision rests on. */
export interface Grounds extends Pick<Gate, 'revocations' | 'policy' | 'world'> {
  readonly authenticator: Pick<Authenticator, 'authenticate'>
  readonly surroundings: Surroundings
  readonly limits: Pick<Limits, 'checkMemory' | 'enter'>
}

/**
 * The one decision function: recognise, authenticate, authorise, inspect. Plain requests, upgrades and WebSockets all
 * come through here, as does `dockgate explain`, and nothing else makes a CheckedRequest, which is all that the forward
 * room takes.
 *
 * @returns a Refusal where the role does not allow the operation. A role that is narrow says that all day, and on the way of
 * what is thrown it took twice the time; it can be taken for nothing else, as it has nothing that is sent.
 * @throws Refusal (or rejects with it) with the first other cause on the way; the exchange then holds all that was known by then
 */
export function judge(
  gate: Grounds,
  exchange: Exchange,
  request: IncomingMessage,
  listener: ListenerConfig,
  source: BodySource,
): Judged | Promise<Judged> {
  gate.limits.checkMemory()
  const framing = checkHead(request, exchange.target, listener.limits)
  const operation = recognise(exchange.method, exchange.target)
  exchange.operation = operation
  const known = gate.authenticator.authenticate(evidenceOf(request, listener))
  const judgeCaller = (principal: Principal) =>
    judgeRequest(gate, exchange, { request, operation, framing, source, principal })
  return known instanceof Promise ? known.then(judgeCaller) : judgeCaller(known)
}

interface Recognised extends Pick<Asked, 'operation' | 'framing' | 'source' | 'principal'> {
  readonly request: IncomingMessage
}

/** The second half of `judge`, once it is known who asks. */
function judgeRequest(
  gate: Grounds,
  exchange: Exchange,
  { request, operation, framing, source, principal }: Recognised,
): Judged | Promise<Judged> {
  exchange.principal = principal
  gate.revocations.check(principal)
  if (!operation.spec.carried) {
    throw new Refusal(
      'operation-not-carried',
      `${operation.spec.id} exists only as HTTP/2; use POST /grpc with Upgrade: h2c`,
    )
  }
  const facts = requestFacts(exchange, operation, request.socket.remoteAddress)
  const decision = authorise(gate.policy, principal, operation, facts)
  exchange.role = decision.role
  exchange.owner = decision.owner
  if (isOnlyObserved(decision)) exchange.observed = decision.reason
  else if (!decision.allow) return new Refusal(decision.reason, decision.message)
  gate.limits.enter(exchange, decision.role ?? roleOf(gate.policy, principal, facts))
  const { role } = decision
  const asked = {
    operation,
    rawHeaders: request.rawHeaders,
    framing,
    source,
    principal,
    surroundings: surroundingsOf(gate, exchange),
    noteFacts(facts: Facts) {
      exchange.facts = facts
    },
  }
  return role?.observe ? inspectObserving({ ...asked, role }, exchange) : inspect({ ...asked, role })
}

/**
 * The decision, and what it comes to: the request that is sent to the engine and how its answer is shown, or the gate's
 * own answer.
 *
 * @returns or throws (as a rejection) the Refusal that `judge` returns or throws
 */
export async function decide(
  gate: Gate,
  exchange: Exchange,
  request: IncomingMessage,
  listener: ListenerConfig,
  source: BodySource,
): Promise<Errand | Refusal> {
  // Most refusals are made without waiting. A promise that is rejected before anybody listens to it is noted by Node, and
  // then struck out again, which took longer than the decision: so nothing is refused before whoever called has listened.
  await undefined
  const world = gate.world === null ? null : inOneRequest(gate.world)
  const grounds = world === null ? gate : { ...gate, world }
  const judged = gate.records.required
    ? writtenDown(gate, exchange, () => judge(grounds, exchange, request, listener, source))
    : judge(grounds, exchange, request, listener, source)
  // What is known already is not waited for.
  const checked = judged instanceof Promise ? await judged : judged
  if (checked instanceof Refusal) return checked
  const { principal, role, owner, id } = exchange
  if (world === null || role === null || principal === null) return send(checked)
  if (role.objects === null) return send(await updated(made(checked, stampsOf(owner, principal, id)), world))
  if (owner === null) throw new Error(`role ${role.name} has objects of its own, and its binding no owner`)
  const errand = await confine(checked, ownerOf(owner, role.objects, principal, id), world)
  exchange.reason = errand.reason
  return errand
}

/**
 * Where there are owners, the gate's own labels may come back in an update. To whoever has objects of his own, the execs
 * of others are not there, before they are looked into.
 */
function surroundingsOf({ surroundings, world }: Grounds, { role, owner, principal, id }: Exchange): Surroundings {
  if (world === null || !role || principal === null) return surroundings
  if (role.objects === null) {
    return { ...surroundings, withoutReturned: (operation, body) => withoutReturned(operation, body, world, null) }
  }
  const own = owner === null ? null : ownerOf(owner, role.objects, principal, id)
  return {
    ...surroundings,
    withoutReturned: (operation, body) => (own === null ? body : withoutReturned(operation, body, world, own)),
    inspectExec: async (id) =>
      (await world.containers.ownerOfExec(id)) === owner ? surroundings.inspectExec(id) : null,
  }
}

/** What conditions see of the request; the client's address is unknown on a unix socket and once it is gone. */
export function requestFacts({ listener }: Exchange, { spec }: Operation, address = ''): RequestFacts {
  return { address, listener, operation: spec.id, time: Date.now() }
}

/**
 * Enters what was let in among the sessions. It may have been revoked since it was judged, or the policy may be another:
 * a body takes its time.
 *
 * @throws Refusal `identity-revoked`, `policy-changed`
 * @returns to be called when it is over
 */
export function openChecked(gate: Gate, exchange: Exchange, end: (why: Ending) => void): () => void {
  const newest = gate.newest()
  if (exchange.principal !== null) newest.revocations.check(exchange.principal)
  if (newest !== gate) refuseChanged(gate, newest, exchange)
  return gate.sessions.open(exchange, end)
}

/** What was asked for in detail was judged by the older role: it stands where the newer one says the same. */
function refuseChanged(older: Gate, newest: Gate, exchange: Exchange): void {
  const before = exchange.role
  const change = judgeAgain(newest, exchange)
  if (change !== null) throw new Refusal(change.reason, change.text)
  if (isDeepStrictEqual(roleIn(older, before), roleIn(newest, exchange.role))) return
  throw new Refusal('policy-changed', 'the role was changed while the request came in; send it again')
}

function roleIn({ roles }: Gate, role: Role | null): RoleConfig | null {
  return role === null ? null : (roles[role.name] ?? null)
}

/** To be called once when an exchange is over, after its last record. */
export function leave({ open, limits }: Gate, exchange: Exchange): void {
  limits.leave(exchange)
  open.leave(exchange)
}

/** Writes the exchange's record: one line per request, and one more at the end of a session. */
export function record(gate: Gate, exchange: Exchange, event: 'request' | 'session' = 'request'): void {
  const made = makeRecord(exchange, event)
  gate.counters.note(exchange, made)
  gate.records.write(made)
}

/**
 * A listener's tokens come in one header only: where it has its own, Authorization is a proxy's, whatever it holds.
 *
 * @throws Refusal `certificate-untrusted` when a certificate was presented that the TLS layer could not verify
 */
export function evidenceOf({ rawHeaders, socket }: IncomingMessage, { tokenHeader }: ListenerConfig): Evidence {
  const connection = { connection: socket, socket: verified(socket as TLSSocket) }
  if (tokenHeader === undefined) return { authorization: headerValues(rawHeaders, 'authorization'), ...connection }
  const values = headerValues(rawHeaders, tokenHeader.toLowerCase())
  return { authorization: [], tokenHeader: { name: tokenHeader, values }, ...connection }
}

function verified(socket: TLSSocket): TLSSocket | null {
  if (!socket.encrypted) return null
  if (socket.authorized) return socket
  // A bad certificate is a refusal even beside a good token: somebody believes that it proves something.
  if (socket.getPeerX509Certificate?.() !== undefined) {
    throw new Refusal('certificate-untrusted', `the client certificate does not verify: ${socket.authorizationError}`)
  }
  return null
}
