import { encodeComponent } from '../engine/target.ts'
import type { JsonValue } from '../inspect/json/value.ts'
import { isJsonArray, isJsonObject } from '../inspect/json/value.ts'
import { createContainers, factsOfListed } from './containers.ts'
import { at, textAt } from './edit.ts'
import type { Ledger } from './ledger.ts'
import { createLocks } from './locks.ts'
import { createInspect } from './lookup.ts'
import { list } from './own.ts'
import { type Removal, removalOf, removeVolume } from './remove.ts'
import type { World } from './request.ts'
import { EXPIRES_LABEL, expiryIn, labelIn, OWNER_LABEL, ownerIn } from './stamps.ts'
import type { Ask } from './types.ts'

/** What it takes to find and remove what was left behind. */
export type Reach = Pick<World, 'ask' | 'inspect' | 'containers' | 'ledger' | 'locks'>

/** For a program of its own, beside a gate: what the gate holds in memory is not there. */
export function createReach(ask: Ask, ledger: Ledger): Reach {
  return { ask, ledger, inspect: createInspect(ask), containers: createContainers(ask), locks: createLocks() }
}

type LeftoverKind = 'service' | 'container' | 'network' | 'volume' | 'secret' | 'config' | 'image'

/** Something that was made through the gate for an owner, and is to go. */
export interface Leftover {
  readonly kind: LeftoverKind
  /** As the engine is asked to remove it. */
  readonly id: string
  /** What the engine calls it; its id where it has no name. */
  readonly name: string
  readonly owner: string
}

/** Whose, or of when, what is to go is. */
export type Which =
  | { readonly kind: 'owner'; readonly key: string }
  /** `now` is in milliseconds since the epoch. */
  | { readonly kind: 'expired'; readonly now: number }

export interface FoundLeftovers {
  /** In an order in which they can be removed. */
  readonly leftovers: readonly Leftover[]
  /** What could not be listed, and why. */
  readonly problems: readonly string[]
}

/** How a kind is listed; in the order in which they go: what others use goes after them. */
const LISTED = [
  { kind: 'service', list: '/services?', labels: ['Spec', 'Labels'], id: ['ID'], name: ['Spec', 'Name'] },
  { kind: 'container', list: '/containers/json?all=1&', labels: ['Labels'], id: ['Id'], name: [] },
  { kind: 'network', list: '/networks?', labels: ['Labels'], id: ['Id'], name: ['Name'] },
  { kind: 'volume', list: '/volumes?', labels: ['Labels'], id: ['Name'], name: ['Name'] },
  { kind: 'secret', list: '/secrets?', labels: ['Spec', 'Labels'], id: ['ID'], name: ['Spec', 'Name'] },
  { kind: 'config', list: '/configs?', labels: ['Spec', 'Labels'], id: ['ID'], name: ['Spec', 'Name'] },
] as const satisfies readonly ListedKind[]

interface ListedKind {
  readonly kind: LeftoverKind
  readonly list: string
  readonly labels: readonly string[]
  readonly id: readonly string[]
  readonly name: readonly string[]
}

/** What an engine says of services, secrets and configs when it is in no swarm, or none of its managers. */
const NO_SWARM: ReadonlySet<number> = new Set([406, 503])

/**
 * Finds what is to go: only what was made through the gate for an owner, by the stamp that it got then, or by the ledger.
 * Never rejects: what cannot be listed is a problem, and the rest is found.
 */
export async function findLeftovers(which: Which, reach: Reach): Promise<FoundLeftovers> {
  const leftovers: Leftover[] = []
  const problems = new Set<string>()
  const attempt = async (find: () => Promise<readonly Leftover[]>) => {
    try {
      leftovers.push(...(await find()))
    } catch (error) {
      problems.add((error as Error).message)
    }
  }
  for (const facts of LISTED) {
    await attempt(() => stamped(facts, which, reach))
    if (facts.kind === 'volume') {
      const known = new Set(leftovers.filter(({ kind }) => kind === 'volume').map(({ id }) => id))
      await attempt(async () => (await unnamedVolumes(which, reach)).filter(({ id }) => !known.has(id)))
    }
  }
  await attempt(() => untaggedImages(which, reach))
  return { leftovers, problems: [...problems] }
}

/** Removes one. Rejects with a Refusal when the engine does not answer. */
export async function removeLeftover(leftover: Leftover, which: Which, reach: Reach): Promise<Removal> {
  const { kind, id, name } = leftover
  if (kind === 'volume') return removeVolume(name, reach, (told) => isMeantVolume(told, which, reach))
  if (kind === 'image') return removeImage(leftover, reach)
  const query = kind === 'container' ? '?force=1&v=1' : ''
  const removal = removalOf(await reach.ask('DELETE', `/${kind}s/${id}${query}`))
  if (removal.result !== 'failed' || kind !== 'container') return removal
  // One that removes itself is busy with that for a moment.
  return (await reach.inspect('container', id)).status === 404 ? { result: 'gone' } : removal
}

async function stamped(facts: ListedKind, which: Which, reach: Reach): Promise<readonly Leftover[]> {
  const { kind } = facts
  const label = which.kind === 'owner' ? `${OWNER_LABEL}=${which.key}` : EXPIRES_LABEL
  const found: Leftover[] = []
  for (const item of await list(reach.ask, facts.list, { label: [label] }, NO_SWARM)) {
    const labels = at(item, ...facts.labels)
    const owner = kind === 'container' ? await reach.containers.ownerOf(factsOfListed(item)) : ownerIn(labels)
    if (owner === null || !isMeant(owner, labels, which)) continue
    if (kind === 'container' && which.kind === 'expired' && (await isInherited(item, reach))) continue
    const id = textAt(item, ...facts.id)
    found.push({ kind, id, name: kind === 'container' ? nameOf(item) : textAt(item, ...facts.name), owner })
  }
  return found
}

function isMeant(owner: string, labels: JsonValue | undefined, which: Which): boolean {
  if (which.kind === 'owner') return owner === which.key
  return expiryIn(labels) <= which.now
}

/** A container that was made to stay gets the label from its image, if that has one. */
async function isInherited(item: JsonValue, { ask }: Reach): Promise<boolean> {
  const { status, body } = await ask('GET', `/images/${encodeComponent(textAt(item, 'ImageID'))}/json`)
  const ofImage = labelIn(at(body, 'Config', 'Labels'), EXPIRES_LABEL)
  return status !== 200 || ofImage === labelIn(at(item, 'Labels'), EXPIRES_LABEL)
}

/** The name without a slash in it: the others are links. */
function nameOf(item: JsonValue): string {
  const names = at(item, 'Names') ?? null
  const own = (isJsonArray(names) ? names : []).map((name) => String(name).slice(1)).find((name) => !name.includes('/'))
  return own ?? textAt(item, 'Id')
}

/** Of volumes without a name the ledger has whose they are. */
async function unnamedVolumes(which: Which, { inspect, ledger }: Reach): Promise<readonly Leftover[]> {
  const noted =
    which.kind === 'owner'
      ? ledger.volumesOf(which.key).map((name) => ({ name, owner: which.key }))
      : ledger.expired(which.now).volumes
  const found: Leftover[] = []
  for (const { name, owner } of noted) {
    const { status } = await inspect('volume', name)
    if (status === 200) found.push({ kind: 'volume', id: name, name, owner })
    if (status === 404) ledger.dropVolume(name)
  }
  return found
}

function isMeantVolume(told: JsonValue, which: Which, { ledger }: Reach): boolean {
  const labels = at(told, 'Labels')
  const name = textAt(told, 'Name')
  const owner = ownerIn(labels)
  if (owner !== null && isMeant(owner, labels, which)) return true
  if (which.kind === 'owner') return ledger.volumeOwner(name) === which.key
  return ledger.expired(which.now).volumes.some((volume) => volume.name === name)
}

/** Of images the ledger has whose they are; those that still have a name stay. */
async function untaggedImages(which: Which, { ask, ledger }: Reach): Promise<readonly Leftover[]> {
  const noted =
    which.kind === 'owner'
      ? ledger.imagesOf(which.key).map((id) => ({ id, owner: which.key }))
      : ledger.expired(which.now).images
  const found: Leftover[] = []
  for (const { id, owner } of noted) {
    const { status, body } = await ask('GET', `/images/${encodeComponent(id)}/json`)
    if (status === 404) ledger.dropImage(id, null)
    if (status !== 200 || !isJsonObject(body) || hasTags(body)) continue
    found.push({ kind: 'image', id, name: id, owner })
  }
  return found
}

function hasTags(image: JsonValue): boolean {
  const tags = at(image, 'RepoTags') ?? null
  return isJsonArray(tags) && tags.length > 0
}

/** What others made or fetched too stays theirs. */
async function removeImage({ id, owner }: Leftover, { ask, ledger }: Reach): Promise<Removal> {
  if (ledger.ownersOfImage(id).some((key) => key !== owner)) {
    ledger.dropImage(id, owner)
    return { result: 'removed' }
  }
  const told = await ask('DELETE', `/images/${encodeComponent(id)}`)
  const removal = removalOf(told)
  if (removal.result === 'failed') return removal
  ledger.dropImage(id, null)
  for (const item of isJsonArray(told.body) ? told.body : []) {
    const parent = textAt(item, 'Deleted')
    if (parent !== '') ledger.dropImage(parent, null)
  }
  return removal
}
