import type { OperationId } from '../../engine/operations.ts'
import { boolValue } from '../../engine/query.ts'
import { encodePath } from '../../engine/target.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import { isJsonArray, type JsonValue } from '../../inspect/json/value.ts'
import { matchesAny } from '../../policy/profile/pattern.ts'
import { familiar, parseReference } from '../../policy/profile/reference.ts'
import { objectFrom, textAt } from '../edit.ts'
import type { FoundImage } from '../images/images.ts'
import { fullReference } from '../images/references.ts'
import { type OwnedRequest, type Rule, refusedAs, send, withOperation } from '../request.ts'
import { aboutNothing, parameterOf, renamed } from '../twin.ts'
import type { Errand, Shape } from '../types.ts'

/**
 * An image, or one of its names, is removed: what is the owner's alone by the engine, and of what others have too only
 * the owner's part in it, which the gate answers as the engine would.
 */
const remove: Rule = async (request) => {
  const { checked, owner, world } = request
  const found = await world.images.find(parameterOf(checked.operation, 'name'), owner)
  if (found === null) return aboutNothing(checked, 'image', 'name')
  return found.reference === null ? removeById(request, found) : removeName(request, found, found.reference)
}

function removeName(request: OwnedRequest, found: FoundImage, reference: string): Errand {
  const { checked, owner, world } = request
  if (!isHeld(reference, request)) return shared(reference)
  const isLast = found.tags.every((tag) => fullReference(tag) === reference)
  const othersHold = world.ledger.holdersOf(reference).some((holder) => holder.owner !== owner.key)
  if (!othersHold && !(isLast && isOthersToo(found.id, request))) {
    return send(withOperation(checked, renamed(checked.operation, 'name', reference)), following(request))
  }
  if (found.seen.filter((each) => !each.includes('@')).length <= 1) world.ledger.dropImage(found.id, owner.key)
  world.ledger.dropReference(reference, owner.key)
  return { kind: 'answer', status: 200, body: [untagged(reference)], reason: 'allowed' }
}

async function removeById(request: OwnedRequest, found: FoundImage): Promise<Errand> {
  const { checked, owner, world } = request
  const own = found.seen.filter((each) => !each.includes('@')).map((each) => fullReference(each) ?? '')
  const isAllOwn = found.tags.every((tag) => isHeldAlone(fullReference(tag) ?? '', request))
  if (isAllOwn && !isOthersToo(found.id, request)) {
    return send(withOperation(checked, renamed(checked.operation, 'name', found.id)), following(request))
  }
  const held = own.filter((reference) => isHeld(reference, request))
  if (held.length === 0 && own.length > 0) return shared(own[0] as string)
  const force = boolValue(parameterOf(checked.operation, 'force'))
  if (held.length > 1 && !force) return refusedAs('allowed', 409, inSeveral(found.id))
  const answer: JsonValue[] = []
  for (const reference of held) {
    if (isHeldAlone(reference, request) && found.tags.length > 1) {
      const { status, body } = await world.ask('DELETE', `/images/${encodePath(reference)}`)
      if (status !== 200) return { kind: 'answer', status, body, reason: 'allowed' }
    }
    world.ledger.dropReference(reference, owner.key)
    answer.push(untagged(reference))
  }
  world.ledger.dropImage(found.id, owner.key)
  return { kind: 'answer', status: 200, body: answer, reason: 'allowed' }
}

/** The ledger loses what the engine says is gone. */
function following({ owner, world }: OwnedRequest): Shape {
  return (status) => {
    if (status === 409) return { kind: 'whole', change: (bytes) => withoutContainers(status, bytes) }
    if (status !== 200) return null
    return {
      kind: 'whole',
      change(bytes) {
        const items = parseJson(bytes)
        for (const item of isJsonArray(items) ? items : []) {
          const reference = fullReference(textAt(item, 'Untagged'))
          if (reference !== null) world.ledger.dropReference(reference, owner.key)
          const id = textAt(item, 'Deleted')
          if (id !== '') world.ledger.dropImage(id, null)
        }
        return { status, bytes }
      },
    }
  }
}

/** 20.10 to 29: `… container 0123456789ab is using its …`. */
const USER = /\bcontainer [0-9a-f]{12} is using/g

/** Whose container it is that keeps an image from being removed is not told. */
function withoutContainers(status: number, bytes: Buffer) {
  return { status, bytes: Buffer.from(bytes.toString('latin1').replace(USER, 'a container is using'), 'latin1') }
}

function isHeld(reference: string, { owner, world }: OwnedRequest): boolean {
  if (matchesAny(owner.rule.sharedImages, reference, owner.principal)) return false
  return world.ledger.holdersOf(reference).some((holder) => holder.owner === owner.key)
}

function isHeldAlone(reference: string, request: OwnedRequest): boolean {
  return isHeld(reference, request) && request.world.ledger.holdersOf(reference).length === 1
}

function isOthersToo(id: string, { owner, world }: OwnedRequest): boolean {
  return world.ledger.ownersOfImage(id).some((key) => key !== owner.key)
}

function untagged(reference: string): JsonValue {
  const parsed = parseReference(reference)
  return objectFrom([['Untagged', parsed === null ? reference : familiar(parsed)]])
}

function shared(reference: string): Errand {
  return refusedAs('name-taken', 409, `conflict: ${reference} is an image that everybody shares: it cannot be removed`)
}

/** In the engine's words. */
function inSeveral(id: string): string {
  return `conflict: unable to delete ${id.slice('sha256:'.length).slice(0, 12)} (must be forced) - image is referenced in multiple repositories`
}

export const IMAGE_DELETE_RULES: Partial<Record<OperationId, Rule>> = { ImageDelete: remove }
