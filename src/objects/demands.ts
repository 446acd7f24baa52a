import { posix } from 'node:path'
import type { OperationId } from '../engine/operations.ts'
import { encodeComponent } from '../engine/target.ts'
import { isJsonArray, isJsonObject, type JsonValue } from '../inspect/json/value.ts'
import { parseBind } from '../inspect/judge/binds.ts'
import { processorsOf, UNLIMITED } from '../inspect/judge/quantities.ts'
import type { Quotas } from '../policy/types.ts'
import { at, textAt } from './edit.ts'
import { numberAt } from './own.ts'
import { bodyOf, type OwnedRequest } from './request.ts'
import { namedVolumes } from './rules/named-volumes.ts'
import { parameterOf } from './twin.ts'

export type Quota = keyof Quotas

/** What a request would add to what its owner has; Infinity: without a limit. */
export interface Demand {
  readonly adds: Readonly<Partial<Record<Quota, number>>>
  /** The container, by its full id, of which it changes what it has; null: none. */
  readonly instead: string | null
}

/** Requests of an operation, as quotas see them. */
export interface Demanding {
  /** The quotas that they may touch. */
  readonly quotas: readonly Quota[]
  readonly of: (request: OwnedRequest) => Demand | Promise<Demand>
}

const NOTHING: Demand = { adds: {}, instead: null }
const DEFAULT_PERIOD = 100_000
const MOUNTS = ['HostConfig', 'Mounts'] as const

const one = (quota: Quota): Demanding => ({ quotas: [quota], of: () => ({ adds: { [quota]: 1 }, instead: null }) })

/** Operations that may make an owner have more. Services are not among them: under quotas they are refused. */
export const DEMANDS: Partial<Record<OperationId, Demanding>> = {
  ContainerCreate: { quotas: ['containers', 'running', 'volumes', 'memory', 'nanoCpus'], of: ofCreate },
  ContainerUpdate: { quotas: ['running', 'memory', 'nanoCpus'], of: ofUpdate },
  ContainerStart: { quotas: ['running'], of: ofStart },
  ContainerRestart: { quotas: ['running'], of: ofStart },
  VolumeCreate: { quotas: ['volumes'], of: ofVolume },
  NetworkCreate: one('networks'),
  ImageCreate: one('images'),
  ImageBuild: one('images'),
  ImageLoad: one('images'),
  ImageCommit: one('images'),
}

/** Bytes of a container's resources. */
export function memoryOf(resources: JsonValue): number {
  const bytes = numberAt(resources, 'Memory')
  return bytes > 0 ? bytes : UNLIMITED
}

/** Billionths of a processor of a container's resources. */
export function nanoCpusOf(resources: JsonValue): number {
  const nanoCpus = numberAt(resources, 'NanoCpus')
  if (nanoCpus > 0) return processorsOf(nanoCpus)
  const quota = numberAt(resources, 'CpuQuota')
  return quota > 0 ? (quota * 1e9) / (numberAt(resources, 'CpuPeriod') || DEFAULT_PERIOD) : UNLIMITED
}

/**
 * Whether a container counts as running: one with a restart policy may be started by the engine at any time, were it
 * stopped by hand, as the engine starts such containers when it starts itself.
 */
export function countsAsRunning(state: string, hostConfig: JsonValue): boolean {
  return RUNS.has(state) || restarts(hostConfig)
}

/** States as lists and inspects name them; a paused container has its memory and goes on without being started. */
const RUNS: ReadonlySet<string> = new Set(['running', 'paused', 'restarting'])

function restarts(resources: JsonValue): boolean {
  const policy = textAt(resources, 'RestartPolicy', 'Name')
  return policy !== '' && policy !== 'no'
}

async function ofCreate(request: OwnedRequest): Promise<Demand> {
  const hostConfig = at(bodyOf(request.checked), 'HostConfig') ?? null
  return {
    adds: {
      containers: 1,
      running: restarts(hostConfig) ? 1 : 0,
      volumes: request.owner.rule.quotas.volumes === UNLIMITED ? 0 : await newVolumes(request),
      memory: memoryOf(hostConfig),
      nanoCpus: nanoCpusOf(hostConfig),
    },
    instead: null,
  }
}

async function ofUpdate(request: OwnedRequest): Promise<Demand> {
  const found = await target(request)
  if (found === null) return NOTHING
  const body = bodyOf(request.checked)
  const before = at(found.inspected, 'HostConfig') ?? null
  const after = merged(before, body)
  return {
    adds: {
      running: countsAsRunning(textAt(found.inspected, 'State', 'Status'), after) ? 1 : 0,
      memory: memoryOf(after),
      nanoCpus: nanoCpusOf(after),
    },
    instead: found.id,
  }
}

/** What is absent, or zero, stays as it is. */
function merged(before: JsonValue, update: JsonValue): JsonValue {
  const after: Record<string, JsonValue> = Object.create(null)
  for (const name of ['Memory', 'NanoCpus', 'CpuQuota', 'CpuPeriod']) {
    after[name] = at(numberAt(update, name) === 0 ? before : update, name) ?? null
  }
  const policy = textAt(update, 'RestartPolicy', 'Name') === '' ? before : update
  after.RestartPolicy = at(policy, 'RestartPolicy') ?? null
  return after
}

/** One that runs already stays one, and what is not there is not started. */
async function ofStart(request: OwnedRequest): Promise<Demand> {
  const found = await target(request)
  if (found === null) return NOTHING
  const state = textAt(found.inspected, 'State', 'Status')
  const counted = countsAsRunning(state, at(found.inspected, 'HostConfig') ?? null)
  return counted ? NOTHING : { adds: { running: 1 }, instead: null }
}

function target({ checked, owner, world }: OwnedRequest) {
  return world.lookup('container', parameterOf(checked.operation, 'id'), owner)
}

async function ofVolume({ checked, owner, world }: OwnedRequest): Promise<Demand> {
  const name = textAt(bodyOf(checked), 'Name')
  const isThere = name !== '' && (await world.lookup('volume', name, owner)) !== null
  return isThere ? NOTHING : { adds: { volumes: 1 }, instead: null }
}

/** Volumes with a name that are not there yet, and those without one, of the request and of its image. */
async function newVolumes({ checked, owner, world }: OwnedRequest): Promise<number> {
  const body = bodyOf(checked)
  let count = 0
  for (const name of new Set(namedVolumes(body, MOUNTS).map((volume) => volume.name))) {
    if ((await world.lookup('volume', name, owner)) === null) count += 1
  }
  const image = (await world.images.find(textAt(body, 'Image'), owner))?.id
  const told = image === undefined ? null : (await world.ask('GET', `/images/${encodeComponent(image)}/json`)).body
  return count + unnamed(body, at(told, 'Config', 'Volumes') ?? null)
}

/** The engine mounts one volume at a place, and a named one, a bind or a tmpfs goes before one without a name. */
function unnamed(body: JsonValue, ofImage: JsonValue): number {
  const mounts = listAt(body, ...MOUNTS)
  const binds = listAt(body, 'HostConfig', 'Binds').flatMap((bind) => parseBind(String(bind)) ?? [])
  const isUnnamed = (mount: JsonValue) => textAt(mount, 'Type') === 'volume' && textAt(mount, 'Source') === ''
  const places = new Set(
    [
      ...mounts.filter(isUnnamed).map((mount) => textAt(mount, 'Target')),
      ...binds.filter(({ source }) => source === '').map(({ target: place }) => place),
      ...keysOf(at(body, 'Volumes') ?? null),
      ...keysOf(ofImage),
    ].map(cleaned),
  )
  const taken = [
    ...mounts.filter((mount) => !isUnnamed(mount)).map((mount) => textAt(mount, 'Target')),
    ...binds.filter(({ source }) => source !== '').map(({ target: place }) => place),
    ...keysOf(at(body, 'HostConfig', 'Tmpfs') ?? null),
  ]
  for (const place of taken) places.delete(cleaned(place))
  return places.size
}

function listAt(value: JsonValue, ...path: readonly string[]): readonly JsonValue[] {
  const list = at(value, ...path) ?? null
  return isJsonArray(list) ? list : []
}

function keysOf(value: JsonValue): readonly string[] {
  return isJsonObject(value) ? Object.keys(value) : []
}

function cleaned(place: string): string {
  return posix.normalize(`${place}/`)
}
