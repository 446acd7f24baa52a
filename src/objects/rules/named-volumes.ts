import { isJsonArray, type JsonObject, type JsonValue } from '../../inspect/json/value.ts'
import { parseBind, writeBind } from '../../inspect/judge/binds.ts'
import { at, edited, objectFrom, textAt } from '../edit.ts'
import { type OwnedRequest, refusedAs, Settled } from '../request.ts'
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

/** The body with volumes under the names that the engine knows, and the owner's labels on those without a name. */
export function withVolumes(body: JsonObject, mounts: readonly string[], prefix: string, stamps: Stamps): JsonObject {
  let sent = body
  if (prefix !== '' && at(body, 'HostConfig', 'Binds') !== undefined) {
    sent = edited(sent, ['HostConfig', 'Binds'], (binds) => mapList(binds, (bind) => prefixedBind(bind, prefix)))
  }
  if (listAt(body, mounts).length === 0) return sent
  return edited(sent, mounts, (list) =>
    mapList(list, (mount) => {
      if (textAt(mount, 'Type') !== 'volume') return mount
      const labelled = stamped(mount, ['VolumeOptions', 'Labels'], stamps)
      return isNamedVolume(mount) ? edited(labelled, ['Source'], (name) => `${prefix}${name}`) : labelled
    }),
  )
}

/**
 * Sees to it that each volume is there and the owner's; the caller holds their names.
 *
 * @throws Settled where one is another's
 */
export async function makeVolumes(
  volumes: readonly NamedVolume[],
  { owner, world }: OwnedRequest,
  stamps: Stamps,
): Promise<void> {
  for (const { name, driver, options, labels } of volumes) {
    if ((await world.lookup('volume', name, owner)) !== null) continue
    const called = `${owner.prefix}${name}`
    if ((await world.inspect('volume', called)).status !== 404) throw new Settled(nameTaken(name))
    const made = objectFrom([
      ['Name', called],
      ['Driver', driver === '' ? 'local' : driver],
      ['DriverOpts', options],
      ['Labels', labels],
    ])
    const { status, body } = await world.ask('POST', '/volumes/create', stamped(made, ['Labels'], stamps))
    if (status !== 201) throw new Settled(refusedAs('allowed', status, textAt(body, 'message')))
  }
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

function prefixedBind(bind: JsonValue, prefix: string): JsonValue {
  const parsed = typeof bind === 'string' && volumeOfBind(bind) !== null ? parseBind(bind) : null
  return parsed === null ? bind : writeBind({ ...parsed, source: `${prefix}${parsed.source}` })
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
