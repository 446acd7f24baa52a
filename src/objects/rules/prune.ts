import { randomBytes } from 'node:crypto'
import type { OperationId } from '../../engine/operations.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import { serialiseJson } from '../../inspect/json/serialise.ts'
import { isJsonArray, JsonNumber, type JsonValue } from '../../inspect/json/value.ts'
import { Refusal } from '../../refusal.ts'
import { at, edited, textAt } from '../edit.ts'
import { type Filters, filtersOf, matchesLabels, withFilter } from '../filters.ts'
import { readMoment } from '../moment.ts'
import { isOwnVolume, list, numberAt, ownContainers } from '../own.ts'
import { removeVolume } from '../remove.ts'
import { type OwnedRequest, type Rule, send, type World, withOperation } from '../request.ts'
import { labelIn, OWNER_LABEL } from '../stamps.ts'
import type { Shape } from '../types.ts'
import { pruneImages } from './prune-images.ts'

/*
 * Prunes touch the owner's objects only. Where labels alone do not say what is the owner's, the engine's own prune is
 * narrowed to nothing: it still judges the client's filters, in its own words, and its answer has its own shape, into
 * which goes what the gate removes one by one.
 */

/** What was removed, as the engine's answer names it. */
interface Pruned {
  readonly removed: readonly JsonValue[]
  /** Bytes. */
  readonly reclaimed: number
}

const NOTHING: Pruned = { removed: [], reclaimed: 0 }
/** What a container must be, or it is in use (moby `IsRunning`). */
const STOPPED = ['created', 'exited', 'dead']
/** Engines from 23 put it on volumes that were given no name. */
const ANONYMOUS_LABEL = 'com.docker.volume.anonymous'
/** From here on a volume prune leaves those with names alone, unless it is asked for all. */
const ANONYMOUS_ONLY = [1, 42] as const
/** Go's ParseBool. */
const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])

/** @param member of the answer, in which what was removed is named */
function oneByOne(member: string, prune: (request: OwnedRequest, filters: Filters) => Promise<Pruned>): Rule {
  return async (request) => {
    const { operation } = request.checked
    const filters = filtersOf(operation)
    const nobody = `${OWNER_LABEL}=${randomBytes(16).toString('hex')}`
    const narrowed = withOperation(request.checked, withFilter(operation, 'label', nobody))
    const release = await alone(request)
    const shape: Shape = (status) => {
      release()
      if (status !== 200) return null
      return {
        kind: 'whole',
        change: async (bytes) => ({ status, bytes: withPruned(bytes, member, await prune(request, filters)) }),
      }
    }
    return send(narrowed, shape, release)
  }
}

/** The engine refuses a prune while another of its kind runs, whoever asked for it. */
function alone({ checked, world }: OwnedRequest): Promise<() => void> {
  return world.locks.hold([checked.operation.spec.id])
}

/** Null, or an empty list, as the engine has it, stays where nothing was removed. */
function withPruned(bytes: Buffer, member: string, { removed, reclaimed }: Pruned): Buffer {
  if (removed.length === 0) return bytes
  const named = edited(parseJson(bytes), [member], () => removed)
  return line(edited(named, ['SpaceReclaimed'], () => new JsonNumber(String(reclaimed))))
}

/** As Go's encoder ends it. */
function line(value: JsonValue): Buffer {
  return Buffer.concat([serialiseJson(value), Buffer.from('\n')])
}

/** `until` as a moment, and what is younger than that stays; the engine has judged by now whether it is one. */
function untilOf(filters: Filters): number {
  const [text] = filters.get('until') ?? []
  if (text === undefined) return Number.POSITIVE_INFINITY
  const moment = readMoment(text, Date.now())
  if (moment === null) throw new Refusal('query-malformed', 'the filter "until" is a moment that this gate cannot read')
  return moment
}

/** The label filter would catch what only inherits an image's labels: so they are listed, verified and removed by id. */
async function pruneContainers({ owner, world }: OwnedRequest, filters: Filters): Promise<Pruned> {
  const until = untilOf(filters)
  const removed: string[] = []
  let reclaimed = 0
  for (const item of await ownContainers(world, owner.key, 'all=1&size=1&', { status: STOPPED })) {
    const id = textAt(item, 'Id')
    const createdOf = async () => textAt((await world.inspect('container', id)).body, 'Created')
    if (!matchesLabels(filters, at(item, 'Labels')) || !(await isOlder(item, until, createdOf))) continue
    // What has been started, or removed, since then is left alone, as the engine does.
    if ((await world.ask('DELETE', `/containers/${id}`)).status !== 204) continue
    removed.push(id)
    reclaimed += numberAt(item, 'SizeRw')
  }
  return { removed, reclaimed }
}

/** The list has whole seconds. */
async function isOlder(item: JsonValue, until: number, createdOf: () => Promise<string>): Promise<boolean> {
  const second = numberAt(item, 'Created') * 1000
  if (second > until || second + 1000 <= until) return second <= until
  return Date.parse(await createdOf()) <= until
}

const images = (request: OwnedRequest, filters: Filters): Promise<Pruned> => {
  const until = untilOf(filters)
  return pruneImages(request, filters, (item, createdOf) => isOlder(item, until, createdOf))
}

async function pruneVolumes(request: OwnedRequest, filters: Filters): Promise<Pruned> {
  const { owner, world } = request
  const anonymousOnly = await sparesNames(request, filters)
  const unused = await list(world.ask, '/volumes?', { dangling: ['true'], driver: ['local'] })
  const own = unused.filter(
    (volume) =>
      isOwnVolume(world, volume, owner.key) &&
      matchesLabels(filters, at(volume, 'Labels')) &&
      !(anonymousOnly && labelIn(at(volume, 'Labels'), ANONYMOUS_LABEL) === null),
  )
  if (own.length === 0) return NOTHING
  const sizes = await volumeSizes(world)
  const removed: string[] = []
  let reclaimed = 0
  for (const volume of own) {
    const name = textAt(volume, 'Name')
    const { result } = await removeVolume(name, world, (told) => isOwnVolume(world, told, owner.key))
    if (result !== 'removed') continue
    removed.push(name)
    reclaimed += sizes.get(name) ?? 0
  }
  return { removed, reclaimed }
}

async function sparesNames({ checked, world }: OwnedRequest, filters: Filters): Promise<boolean> {
  const [all] = filters.get('all') ?? []
  if (all !== undefined && TRUE.has(all)) return false
  const version = checked.operation.apiVersion ?? textAt((await world.ask('GET', '/version')).body, 'ApiVersion')
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > ANONYMOUS_ONLY[0] || (major === ANONYMOUS_ONLY[0] && minor >= ANONYMOUS_ONLY[1])
}

async function volumeSizes({ ask }: World): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await ask('GET', '/system/df?type=volume')
  const volumes = status === 200 ? (at(body, 'Volumes') ?? null) : null
  if (!isJsonArray(volumes)) return new Map()
  return new Map(volumes.map((volume) => [textAt(volume, 'Name'), Math.max(0, numberAt(volume, 'UsageData', 'Size'))]))
}

/** A network has the labels that it was made with, and no others: the engine's own prune, narrowed to them, is sound. */
const pruneNetworks: Rule = async (request) => {
  const { checked, owner } = request
  const operation = withFilter(checked.operation, 'label', `${OWNER_LABEL}=${owner.key}`)
  const release = await alone(request)
  return send(withOperation(checked, operation), null, release)
}

export const PRUNE_RULES: Partial<Record<OperationId, Rule>> = {
  ContainerPrune: oneByOne('ContainersDeleted', pruneContainers),
  VolumePrune: oneByOne('VolumesDeleted', pruneVolumes),
  NetworkPrune: pruneNetworks,
  ImagePrune: oneByOne('ImagesDeleted', images),
}
