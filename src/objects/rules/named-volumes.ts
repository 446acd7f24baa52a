import { encodeComponent } from '../../engine/target.ts'
import { isJsonArray, type JsonObject, type JsonValue } from '../../inspect/json/value.ts'
import { parseBind, writeBind } from '../../inspect/judge/binds.ts'
import { UNNAMED_VOLUME } from '../containers.ts'
import { at, edited, objectFrom, textAt } from '../edit.ts'
import { isOwnVolume } from '../own.ts'
import { type OwnedRequest, refusedAs, Settled, type World } from '../request.ts'
import { type Stamps, stamped } from '../stamps.ts'

/*
 * Volumes that a workload names. The engine makes those that do not exist, and puts no labels on them; so the gate makes
 * them first.
 */

/** A volume by its name, with what the engine would make it with. */
export interface NamedVolume {
  readonly name: string
  readonly driver: string
  readonly options: JsonValue
  readonly labels: JsonValue
}

/** The volumes that a host configuration names, in `Binds` and among `Mounts`; names as the client gives them. */
export function namedVolumes(body: JsonValue, mounts: readonly string[]): readonly NamedVolume[] {
  const driver = textAt(body, 'HostConfig', 'VolumeDriver')
  return [
    ...listAt(body, ['HostConfig', 'Binds']).flatMap((bind) => {
      const name = volumeOfBind(bind)
      return name === null ? [] : [{ name, driver, options: null, labels: null }]
    }),
    ...listAt(body, mounts)
      .filter(isNamedVolume)
      .map((mount) => ({
        name: textAt(mount, 'Source'),
        driver: textAt(mount, 'VolumeOptions', 'DriverConfig', 'Name'),
        options: at(mount, 'VolumeOptions', 'DriverConfig', 'Options') ?? null,
        labels: at(mount, 'VolumeOptions', 'Labels') ?? null,
      })),
  ]
}

/** What the engine calls a volume: what it named by itself has no prefix. */
export async function volumeName(name: string, { owner, world }: OwnedRequest): Promise<string> {
  const found = owner.prefix !== '' && UNNAMED_VOLUME.test(name) ? await world.lookup('volume', name, owner) : null
  return found?.id ?? `${owner.prefix}${name}`
}

/** What the engine calls volumes, by what the client does. */
export type VolumeNames = ReadonlyMap<string, string>

export async function volumeNames(volumes: readonly NamedVolume[], request: OwnedRequest): Promise<VolumeNames> {
  const names = new Map<string, string>()
  for (const { name } of volumes) names.set(name, await volumeName(name, request))
  return names
}

/** The body with volumes under the names that the engine knows, and the owner's labels on those without a name. */
export function withVolumes(
  body: JsonObject,
  mounts: readonly string[],
  called: VolumeNames,
  stamps: Stamps,
): JsonObject {
  let sent = body
  if (at(body, 'HostConfig', 'Binds') !== undefined) {
    sent = edited(sent, ['HostConfig', 'Binds'], (binds) => mapList(binds, (bind) => calledBind(bind, called)))
  }
  if (listAt(body, mounts).length === 0) return sent
  return edited(sent, mounts, (list) =>
    mapList(list, (mount) => {
      if (textAt(mount, 'Type') !== 'volume') return mount
      const labelled = stamped(mount, ['VolumeOptions', 'Labels'], stamps)
      return isNamedVolume(mount) ? edited(labelled, ['Source'], (name) => called.get(String(name)) ?? name) : labelled
    }),
  )
}

/**
 * Sees to it that each volume is there and the owner's; the caller holds their names.
 *
 * @returns what the engine calls those that were made
 * @throws Settled where one is another's
 */
export async function makeVolumes(
  volumes: readonly NamedVolume[],
  called: VolumeNames,
  { owner, world }: OwnedRequest,
  stamps: Stamps,
): Promise<readonly string[]> {
  const missing: NamedVolume[] = []
  for (const volume of volumes) {
    const there = await world.inspect('volume', called.get(volume.name) ?? '')
    if (there.status === 404) missing.push(volume)
    else if (there.status !== 200 || !isOwnVolume(world, there.body, owner.key))
      throw new Settled(nameTaken(volume.name))
  }
  const made = new Set<string>()
  for (const { name, driver, options, labels } of missing) {
    const as = called.get(name) ?? ''
    if (made.has(as)) continue
    world.memory.note('volume', as, owner.key)
    const asked = objectFrom([
      ['Name', as],
      ['Driver', driver === '' ? 'local' : driver],
      ['DriverOpts', options],
      ['Labels', labels],
    ])
    const { status, body } = await world.ask('POST', '/volumes/create', stamped(asked, ['Labels'], stamps))
    if (status !== 201) {
      await unmakeVolumes([...made], world)
      throw new Settled(refusedAs('allowed', status, textAt(body, 'message')))
    }
    made.add(as)
  }
  return [...made]
}

/** Removes what was made for something that the engine then did not make; the caller still holds the names. */
export async function unmakeVolumes(names: readonly string[], { ask }: World): Promise<void> {
  for (const name of names) await ask('DELETE', `/volumes/${encodeComponent(name)}`)
}

/** For everybody the same, whoever has it. */
export function nameTaken(name: string) {
  return refusedAs('name-taken', 409, `a volume named ${name} is not yours: choose another name`)
}

/** What keeps others from a volume of this name on the engine. */
export function volumeLock(called: string): string {
  return `volume ${called}`
}

function volumeOfBind(bind: JsonValue): string | null {
  const parsed = typeof bind === 'string' ? parseBind(bind) : null
  return parsed === null || parsed.source === '' || parsed.source.startsWith('/') ? null : parsed.source
}

function calledBind(bind: JsonValue, called: VolumeNames): JsonValue {
  const parsed = typeof bind === 'string' && volumeOfBind(bind) !== null ? parseBind(bind) : null
  const source = parsed === null ? undefined : called.get(parsed.source)
  return parsed === null || source === undefined || source === parsed.source ? bind : writeBind({ ...parsed, source })
}

function isNamedVolume(mount: JsonValue): boolean {
  const type = textAt(mount, 'Type')
  return (type === 'volume' || type === 'cluster') && textAt(mount, 'Source') !== ''
}

function listAt(body: JsonValue, path: readonly string[]): readonly JsonValue[] {
  const list = at(body, ...path) ?? null
  return isJsonArray(list) ? list : []
}

function mapList(list: JsonValue, change: (item: JsonValue) => JsonValue): JsonValue {
  return isJsonArray(list) ? list.map(change) : list
}
