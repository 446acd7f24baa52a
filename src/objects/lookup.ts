import { encodeComponent, encodePath } from '../engine/target.ts'
import type { ObjectKind } from '../engine/types.ts'
import { serialiseJson } from '../inspect/json/serialise.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../inspect/json/value.ts'
import { isPredefinedNetwork } from './answers/networks.ts'
import { type Containers, factsOfInspected, factsOfListed, UNNAMED_VOLUME } from './containers.ts'
import { at, textAt } from './edit.ts'
import type { Ledger } from './ledger.ts'
import type { Memory } from './memory.ts'
import { isOwnVolume } from './own.ts'
import { OWNER_LABEL, ownerIn } from './stamps.ts'
import type { Ask, Owner, Told } from './types.ts'

/** Kinds whose objects have an owner label, or stand in the ledger. Images are looked up by `images/`. */
export type OwnedKind = Extract<
  ObjectKind,
  'container' | 'network' | 'volume' | 'service' | 'secret' | 'config' | 'task'
>

/** An object that is the owner's, or everybody's. */
export interface Found {
  /** What the engine is told: the full id, or of a volume, which has none, the name. */
  readonly id: string
  /** What the engine calls it, without a leading slash. */
  readonly name: string
  readonly inspected: JsonObject
  /** It is everybody's: a network that the engine made for itself. */
  readonly shared: boolean
}

/** How the objects of a kind are asked for and read. */
interface KindFacts {
  readonly path: string
  /** The target of the list, to which filters are added; volumes, which have no ids, need none. */
  readonly list: string
  readonly id: readonly string[]
  readonly name: readonly string[]
  readonly labels: readonly string[]
  readonly prefixed: boolean
  /** What a prefix of an id may hold; null: there are no ids. */
  readonly idPart: RegExp | null
}

const HEX = /^[0-9a-f]{1,64}$/
/** The ids of swarm are 25 digits of base 36, those of its networks too. */
const SWARM_ID = /^[0-9a-z]{1,25}$/
const NETWORK_ID = /^(?:[0-9a-f]{1,64}|[0-9a-z]{1,25})$/

const swarm = (path: string): KindFacts => ({
  path,
  list: `/${path}?`,
  id: ['ID'],
  name: ['Spec', 'Name'],
  labels: path === 'tasks' ? ['Spec', 'ContainerSpec', 'Labels'] : ['Spec', 'Labels'],
  prefixed: false,
  idPart: SWARM_ID,
})

const KINDS: Readonly<Record<OwnedKind, KindFacts>> = {
  container: {
    path: 'containers',
    list: '/containers/json?all=1&',
    id: ['Id'],
    name: ['Name'],
    labels: ['Config', 'Labels'],
    prefixed: true,
    idPart: HEX,
  },
  network: {
    path: 'networks',
    list: '/networks?',
    id: ['Id'],
    name: ['Name'],
    labels: ['Labels'],
    prefixed: true,
    idPart: NETWORK_ID,
  },
  volume: {
    path: 'volumes',
    list: '/volumes?',
    id: ['Name'],
    name: ['Name'],
    labels: ['Labels'],
    prefixed: true,
    // What the engine named by itself has no prefix.
    idPart: UNNAMED_VOLUME,
  },
  service: swarm('services'),
  secret: swarm('secrets'),
  config: swarm('configs'),
  task: swarm('tasks'),
}

/** The engine's inspect of an object, by what it calls it. */
export type Inspect = (kind: OwnedKind, name: string) => Promise<Told>

/** Asks the engine for an object by name, id or part of an id, in the order in which the engine itself looks. */
export type Lookup = (kind: OwnedKind, name: string, owner: Owner) => Promise<Found | null>

export function createInspect(ask: Ask): Inspect {
  return (kind, name) => {
    const suffix = kind === 'container' ? '/json' : ''
    const written = kind === 'network' ? encodePath(name) : encodeComponent(name)
    return ask('GET', `/${KINDS[kind].path}/${written}${suffix}`)
  }
}

/** The engine's list of an owner's objects of a kind, each looked at; volumes without labels are not among them. */
export type ListOwn = (kind: OwnedKind, owner: Pick<Owner, 'key'>) => Promise<readonly JsonValue[]>

export function createListOwn(ask: Ask, containers: Containers): ListOwn {
  return async (kind, { key }) => {
    const filters = serialiseJson({ label: [`${OWNER_LABEL}=${key}`] }).toString()
    const { status, body } = await ask('GET', `${KINDS[kind].list}filters=${encodeComponent(filters)}`)
    const items = status === 200 ? (kind === 'volume' ? (at(body, 'Volumes') ?? null) : body) : null
    if (items === null || !isJsonArray(items)) return []
    if (kind !== 'container') return items
    const owners = await Promise.all(items.map((item) => containers.ownerOf(factsOfListed(item))))
    return items.filter((_, index) => owners[index] === key)
  }
}

export interface LookupParts {
  readonly inspect: Inspect
  readonly listOwn: ListOwn
  readonly containers: Containers
  readonly ledger: Ledger
  readonly memory: Memory
}

export function createLookup({ inspect, listOwn, containers, ledger, memory }: LookupParts): Lookup {
  async function isOwn(kind: OwnedKind, told: JsonObject, owner: Owner): Promise<boolean> {
    if (kind === 'container') return (await containers.ownerOf(factsOfInspected(told))) === owner.key
    if (kind === 'volume') return isOwnVolume({ ledger }, told, owner.key)
    return ownerIn(at(told, ...KINDS[kind].labels)) === owner.key
  }

  async function foundIn(kind: OwnedKind, told: JsonValue, owner: Owner): Promise<Found | null> {
    if (!isJsonObject(told)) return null
    const facts = KINDS[kind]
    const id = textAt(told, ...facts.id)
    const name = textAt(told, ...facts.name).replace(/^\//, '')
    const shared = kind === 'network' && isPredefinedNetwork(name) && ownerIn(at(told, ...facts.labels)) === null
    if (id === '' || !(shared || (await isOwn(kind, told, owner)))) return null
    memory.note(kind, id, shared ? null : owner.key)
    return { id, name, inspected: told, shared }
  }

  /**
   * Among the owner's own, by name or part of an id: others' objects of the same name, or whose ids begin the same, must
   * not stand in the way.
   */
  async function amongOwn(kind: OwnedKind, name: string, owner: Owner): Promise<Found | null> {
    const facts = KINDS[kind]
    const ids = (await listOwn(kind, owner))
      .filter((item) => textAt(item, ...facts.id).startsWith(name) || textAt(item, ...facts.name) === name)
      .map((item) => textAt(item, ...facts.id))
    if (ids.length !== 1) return null
    const told = await inspect(kind, ids[0] as string)
    return told.status === 200 ? foundIn(kind, told.body, owner) : null
  }

  /** A name that may be an id, or the beginning of one. */
  async function byId(kind: OwnedKind, name: string, owner: Owner): Promise<Found | null> {
    const told = await inspect(kind, name)
    const found = told.status === 200 ? await foundIn(kind, told.body, owner) : null
    if (found?.id.startsWith(name)) return found
    return told.status === 404 ? null : amongOwn(kind, name, owner)
  }

  return async (kind, name, owner) => {
    const { prefixed, idPart } = KINDS[kind]
    const isPredefined = kind === 'network' && isPredefinedNetwork(name)
    const called = prefixed && !isPredefined ? `${owner.prefix}${name}` : name
    const { status, body } = await inspect(kind, called)
    const found = status === 200 ? await foundIn(kind, body, owner) : null
    if (found !== null || idPart === null) return found
    if (called !== name) return idPart.test(name) ? byId(kind, name, owner) : null
    const inTheWay = status === 200 ? idPart.test(name) : status !== 404
    return inTheWay ? amongOwn(kind, name, owner) : null
  }
}
