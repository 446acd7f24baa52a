import type { OperationId } from '../../engine/operations.ts'
import type { CheckedRequest } from '../../inspect/inspect.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../inspect/json/value.ts'
import { factsOfInspected, UNNAMED_VOLUME } from '../containers.ts'
import { at, edited, objectFrom, textAt, withAlias } from '../edit.ts'
import { made } from '../made.ts'
import { HIDDEN } from '../masked.ts'
import {
  bodyOf,
  messageOf,
  type OwnedRequest,
  type Rule,
  referred,
  refusedAs,
  Settled,
  send,
  withBody,
  withOperation,
} from '../request.ts'

import { expiryOf, ownStamps } from '../stamps.ts'
import { parameterOf, puttingBack, twinOf, withPrefix } from '../twin.ts'
import type { Errand, Reshaped, Shape } from '../types.ts'
import { makeVolumes, namedVolumes, unmakeVolumes, volumeLock, volumeNames, withVolumes } from './named-volumes.ts'

const MOUNTS = ['HostConfig', 'Mounts'] as const
const ENDPOINTS = ['NetworkingConfig', 'EndpointsConfig'] as const
/** Modes by which a container shares a namespace of another. */
const MODES = ['NetworkMode', 'IpcMode', 'PidMode'] as const
const OTHER = 'container:'
/** What `NetworkMode` may say that names no network. */
const NO_NETWORK: ReadonlySet<string> = new Set(['', 'default', 'bridge', 'host', 'none'])

/** A container is made under its owner's labels, of what the owner may see. */
const create: Rule = async (request) => {
  const { checked, owner, world } = request
  const stamps = ownStamps(owner)
  const body = edited(bodyOf(checked), ['HostConfig'], (config) => config)
  const image = await world.images.find(textAt(body, 'Image'), owner)
  if (image === null) return ofNoImage(checked, textAt(body, 'Image'))
  const volumes = namedVolumes(body, MOUNTS)
  let sent = await withMountedImages(body, request)
  sent = await withOtherContainers(sent, request)
  sent = await withNetworks(sent, request)
  const called = await volumeNames(volumes, request)
  sent = withVolumes(sent, MOUNTS, called, stamps)
  const named = withOperation(checked, withPrefix(checked.operation, 'name', owner.prefix))
  const release = await world.locks.hold([...called.values()].map(volumeLock))
  let fresh: readonly string[]
  try {
    if (volumes.length > 0) await checkName(request)
    fresh = await makeVolumes(volumes, called, request, stamps)
  } catch (cause) {
    release()
    throw cause
  }
  return send(made(withBody(named, sent), stamps), verified(request, image.id, fresh), release)
}

/** The engine is asked to make a container of an image that nobody has. */
function ofNoImage(checked: CheckedRequest, name: string): Errand {
  const twin = twinOf('image', name)
  return {
    kind: 'send',
    checked: withBody(
      checked,
      edited(bodyOf(checked), ['Image'], () => twin.whole),
    ),
    shape: puttingBack(twin),
    over: () => {},
    reason: 'object-unknown',
  }
}

/** As the engine answers, before volumes are made for what it will not make. */
async function checkName({ checked, owner, world }: OwnedRequest): Promise<void> {
  const name = parameterOf(checked.operation, 'name').replace(/^\//, '')
  if (name === '') return
  const called = `${owner.prefix}${name}`
  const { body } = await world.inspect('container', called)
  if (textAt(body, 'Name') !== `/${called}`) return
  const facts = factsOfInspected(body)
  const id = (await world.containers.ownerOf(facts)) === owner.key ? facts.id : HIDDEN
  throw new Settled(
    refusedAs(
      'name-taken',
      409,
      `Conflict. The container name "/${name}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    ),
  )
}

/** Images that are mounted are named by their ids: the engine looks again whenever the container starts. */
async function withMountedImages(body: JsonObject, { checked, owner, world }: OwnedRequest): Promise<JsonObject> {
  const mounts = at(body, ...MOUNTS) ?? null
  if (!isJsonArray(mounts)) return body
  const written: JsonValue[] = []
  for (const mount of mounts) {
    const source = textAt(mount, 'Source')
    const isImage = textAt(mount, 'Type') === 'image' && source !== ''
    const found = isImage ? await world.images.find(source, owner) : null
    if (isImage && found === null) throw new Settled(ofNoImage(checked, source))
    written.push(found === null ? mount : edited(mount, ['Source'], () => found.id))
  }
  return edited(body, MOUNTS, () => written)
}

/** Other containers are named by their ids. */
async function withOtherContainers(body: JsonObject, request: OwnedRequest): Promise<JsonObject> {
  const idOf = async (name: string) => (await referred(request, 'container', name.replace(/^\//, ''))).id
  let sent = body
  for (const mode of MODES) {
    const value = textAt(body, 'HostConfig', mode)
    if (!value.startsWith(OTHER)) continue
    const id = await idOf(value.slice(OTHER.length))
    sent = edited(sent, ['HostConfig', mode], () => `${OTHER}${id}`)
  }
  for (const list of ['VolumesFrom', 'Links']) {
    const items = at(body, 'HostConfig', list) ?? null
    if (!isJsonArray(items) || items.length === 0) continue
    const written: string[] = []
    for (const item of items) {
      const [name = '', ...rest] = String(item).split(':')
      // A link without an alias is known by the name.
      const behind = list === 'Links' && rest.length === 0 ? [name] : rest
      written.push([await idOf(name), ...behind].join(':'))
    }
    sent = edited(sent, ['HostConfig', list], () => written)
  }
  return sent
}

/** Networks keep the names by which the container is to know them; each endpoint says by id which network is meant. */
async function withNetworks(body: JsonObject, request: OwnedRequest): Promise<JsonObject> {
  const { prefix } = request.owner
  const known = parameterOf(request.checked.operation, 'name').replace(/^\//, '')
  const mode = textAt(body, 'HostConfig', 'NetworkMode')
  const endpoints = at(body, ...ENDPOINTS) ?? null
  const names = new Set(isJsonObject(endpoints) ? Object.keys(endpoints) : [])
  if (!NO_NETWORK.has(mode) && !mode.startsWith(OTHER)) names.add(mode)
  let sent = body
  for (const name of names) {
    if (NO_NETWORK.has(name)) continue
    const { id } = await referred(request, 'network', name)
    const pinned = edited(at(body, ...ENDPOINTS, name) ?? null, ['NetworkID'], () => id)
    const endpoint = known === '' || prefix === '' ? pinned : withAlias(pinned, known)
    sent = edited(sent, ENDPOINTS, (all) => replaced(all, name, `${prefix}${name}`, endpoint))
    if (name === mode && prefix !== '') sent = edited(sent, ['HostConfig', 'NetworkMode'], () => `${prefix}${name}`)
  }
  return sent
}

/** An object with one member under another name, or added. */
function replaced(object: JsonValue, name: string, as: string, value: JsonValue): JsonObject {
  const others = Object.entries(isJsonObject(object) ? object : {}).filter(([other]) => other !== name)
  return objectFrom([...others, [as, value]])
}

/**
 * What was made is known before its id is told: it is of the image that was looked up, and its volumes without a name,
 * which carry no labels, are the owner's. What was not made leaves no volumes behind.
 */
function verified({ checked, owner, world }: OwnedRequest, image: string, fresh: readonly string[]): Shape {
  const check = async (bytes: Buffer): Promise<Reshaped> => {
    const id = textAt(parseJson(bytes), 'Id')
    const { body } = await world.inspect('container', id)
    if (factsOfInspected(body).image !== image) {
      await world.ask('DELETE', `/containers/${id}?force=1&v=1`)
      return { status: 404, bytes: messageOf(`No such image: ${textAt(bodyOf(checked), 'Image')}`) }
    }
    world.containers.note(id, owner.key)
    const mounts = at(body, 'Mounts') ?? null
    for (const mount of isJsonArray(mounts) ? mounts : []) {
      const name = textAt(mount, 'Name')
      if (UNNAMED_VOLUME.test(name)) world.ledger.noteVolume(name, owner.key, expiryOf(owner))
    }
    return { status: 201, bytes }
  }
  const unmake = async (status: number, bytes: Buffer): Promise<Reshaped> => {
    await unmakeVolumes(fresh, world)
    return { status, bytes }
  }
  return (status) => ({ kind: 'whole', change: status === 201 ? check : (bytes) => unmake(status, bytes) })
}

export const CREATE_RULES: Partial<Record<OperationId, Rule>> = { ContainerCreate: create }
