import { createHash } from 'node:crypto'
import type { Principal } from '../identity/principal.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import type { ObjectsRule } from '../policy/types.ts'
import { Refusal } from '../refusal.ts'
import { createContainers } from './containers.ts'
import { createImages, type IsShared } from './images/images.ts'
import type { Ledger } from './ledger.ts'
import { createLocks } from './locks.ts'
import { createInspect, createListOwn, createLookup } from './lookup.ts'
import { masked } from './masked.ts'
import { createMemory } from './memory.ts'
import { withoutPrefix } from './prefixed.ts'
import { createBounds } from './quotas.ts'
import { Settled, type World } from './request.ts'
import { RULES } from './rules.ts'
import type { Ask, Errand, Owner } from './types.ts'

/** What a world of objects is made of: one for all requests of a gate. */
export function createWorld(ask: Ask, ledger: Ledger, isShared: IsShared): World {
  const containers = createContainers(ask)
  const inspect = createInspect(ask)
  const listOwn = createListOwn(ask, containers)
  const memory = createMemory()
  const lookup = createLookup({ inspect, listOwn, containers, ledger, memory })
  return {
    ask,
    inspect,
    listOwn,
    containers,
    lookup,
    memory,
    images: createImages(ask, ledger, isShared),
    ledger,
    locks: createLocks(),
    bounds: createBounds(),
  }
}

/** @param record the record id of the request */
export function ownerOf(key: string, rule: ObjectsRule, principal: Principal, record: string): Owner {
  return { key, rule, principal, prefix: rule.names === 'prefixed' ? prefixOf(key) : '', record }
}

/** 64 bits: owners who choose their keys do not meet by search either. */
function prefixOf(key: string): string {
  return `o-${createHash('sha256').update(key).digest('hex').slice(0, 16)}-`
}

/**
 * Holds an inspected request to its owner's objects: names become the ids that were looked up, what is made gets the
 * owner's labels, and answers show no more than the owner's.
 *
 * @throws Refusal (as a rejection) `objects-unbounded` for an operation that knows no owners; `quota-exceeded`; `engine-unreachable`,
 * `engine-broken`
 */
export async function confine(checked: CheckedRequest, owner: Owner, world: World): Promise<Errand> {
  const { id } = checked.operation.spec
  const rule = RULES[id]
  if (rule === undefined) {
    throw new Refusal(
      'objects-unbounded',
      `${id} knows no owners, and this role has objects of its own only; it needs a role with "objects: all"`,
    )
  }
  try {
    const request = { checked, owner, world }
    const errand = masked(await world.bounds.within(request, rule), request)
    return withoutPrefix(errand, id, owner.prefix)
  } catch (cause) {
    if (cause instanceof Settled) return withoutPrefix(cause.answer, id, owner.prefix)
    throw cause
  }
}
