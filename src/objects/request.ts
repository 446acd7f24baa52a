import type { Operation } from '../engine/types.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import { serialiseJson } from '../inspect/json/serialise.ts'
import type { JsonValue } from '../inspect/json/value.ts'
import type { ReasonCode } from '../reasons.ts'
import type { Containers } from './containers.ts'
import { objectFrom, textAt } from './edit.ts'
import type { Images } from './images/images.ts'
import type { Ledger } from './ledger.ts'
import type { Locks } from './locks.ts'
import type { Found, Inspect, ListOwn, Lookup, OwnedKind } from './lookup.ts'
import type { Memory } from './memory.ts'
import type { Bounds } from './quotas.ts'
import { aboutNothing, parameterOf, renamed, twinOf } from './twin.ts'
import type { Ask, Errand, Owner, Shape } from './types.ts'

/** What is known of objects, and how more is found out: one for all requests. */
export interface World {
  readonly ask: Ask
  readonly containers: Containers
  readonly inspect: Inspect
  readonly lookup: Lookup
  readonly listOwn: ListOwn
  readonly memory: Memory
  readonly images: Images
  readonly ledger: Ledger
  readonly locks: Locks
  readonly bounds: Bounds
}

/** A request that was inspected, of somebody who has objects of his own. */
export interface OwnedRequest {
  readonly checked: CheckedRequest
  readonly owner: Owner
  readonly world: World
}

/** What becomes of an operation's requests. A rejection with a Refusal refuses. */
export type Rule = (request: OwnedRequest) => Errand | Promise<Errand>

export function send(checked: CheckedRequest, shape: Shape | null = null, over: () => void = () => {}): Errand {
  return { kind: 'send', checked, shape, over, reason: 'allowed' }
}

/**
 * A rule for an operation on one object: it is looked up once, and the engine is sent its id. Where it is not the owner's,
 * the engine is asked about nothing.
 */
export function onObject(
  kind: OwnedKind,
  parameter: string,
  then: (request: OwnedRequest, found: Found) => Errand | Promise<Errand> = ({ checked }) => send(checked),
): Rule {
  return async (request) => {
    const { checked, owner, world } = request
    const found = await world.lookup(kind, parameterOf(checked.operation, parameter), owner)
    if (found === null) return aboutNothing(checked, kind, parameter)
    return then({ ...request, checked: withOperation(checked, renamed(checked.operation, parameter, found.id)) }, found)
  }
}

export function withOperation(checked: CheckedRequest, operation: Operation): CheckedRequest {
  return { ...checked, operation }
}

/** The JSON body, or null where there is none. */
export function bodyOf({ body }: CheckedRequest): JsonValue {
  return body.kind === 'bytes' ? body.value : null
}

export function withBody(checked: CheckedRequest, value: JsonValue): CheckedRequest {
  const headers =
    checked.body.kind === 'none' ? [...checked.headers, 'Content-Type', 'application/json'] : checked.headers
  return { ...checked, headers, body: { kind: 'bytes', value, bytes: serialiseJson(value) } }
}

/** Thrown where a request is answered before it is sent, as the engine would answer it. */
export class Settled extends Error {
  readonly answer: Errand

  constructor(answer: Errand) {
    super('answered by the gate')
    this.answer = answer
  }
}

/**
 * An object that a body or a query names: the owner's, or everybody's.
 *
 * @throws Settled (as a rejection) with the engine's own answer to an inspect of what is not there
 */
export async function referred({ owner, world }: OwnedRequest, kind: OwnedKind, name: string): Promise<Found> {
  const found = await world.lookup(kind, name, owner)
  if (found !== null) return found
  throw new Settled(await notThere(world, kind, name))
}

async function notThere({ inspect }: World, kind: OwnedKind, name: string): Promise<Errand> {
  const twin = twinOf(kind, name)
  const { body } = await inspect(kind, twin.whole)
  return refusedAs(
    'object-unknown',
    404,
    textAt(body, 'message').replaceAll(twin.whole, () => name),
  )
}

/** The body of an error, in the engine's form. */
export function messageOf(message: string): Buffer {
  return serialiseJson(objectFrom([['message', message]]))
}

/** An answer in the engine's form. */
export function refusedAs(reason: ReasonCode, status: number, message: string): Errand {
  return { kind: 'answer', status, body: objectFrom([['message', message]]), reason }
}
