import { encodeComponent, encodePath } from '../engine/target.ts'
import { isJsonArray, type JsonValue } from '../inspect/json/value.ts'
import { factsOfListed, UNNAMED_VOLUME } from './containers.ts'
import { at, textAt } from './edit.ts'
import { textsAt } from './images/images.ts'
import { fullReference } from './images/references.ts'
import type { Reach } from './leftovers.ts'
import { list } from './own.ts'
import { expiryIn, OWNER_LABEL } from './stamps.ts'

/**
 * Takes out of the ledger what the engine has no more. What is not in the engine's lists is asked for once more: it may
 * have been made since.
 *
 * @throws Refusal (as a rejection) when the engine does not answer
 */
export async function keepLedger({ ask, inspect, ledger }: Reach): Promise<void> {
  const noted = ledger.noted()
  const images = await list(ask, '/images/json?all=1&', {})
  const volumes = await list(ask, '/volumes?', {})
  const isGone = async (path: string) => (await ask('GET', path)).status === 404

  for (const id of without(
    noted.images,
    images.map((image) => textAt(image, 'Id')),
  )) {
    if (await isGone(`/images/${encodeComponent(id)}/json`)) ledger.dropImage(id, null)
  }
  for (const reference of without(noted.references, images.flatMap(referencesOf))) {
    if (await isGone(`/images/${encodePath(reference)}/json`)) ledger.dropReference(reference, null)
  }
  for (const name of without(
    noted.volumes,
    volumes.map((volume) => textAt(volume, 'Name')),
  )) {
    if ((await inspect('volume', name)).status === 404) ledger.dropVolume(name)
  }
}

function without(noted: readonly string[], there: readonly string[]): readonly string[] {
  const known = new Set(there)
  return noted.filter((name) => !known.has(name))
}

function referencesOf(image: JsonValue): readonly string[] {
  return [...textsAt(image, 'RepoTags'), ...textsAt(image, 'RepoDigests')].flatMap(
    (reference) => fullReference(reference) ?? [],
  )
}

/**
 * Notes the volumes without a name that containers of owners brought while nobody looked: their client went away, or the
 * gate was killed, before the engine had answered.
 *
 * @throws Refusal (as a rejection) when the engine does not answer
 */
export async function adoptVolumes({ ask, containers, ledger }: Reach): Promise<void> {
  for (const item of await list(ask, '/containers/json?all=1&', { label: [OWNER_LABEL] })) {
    const owner = await containers.ownerOf(factsOfListed(item))
    const mounts = at(item, 'Mounts') ?? null
    for (const mount of owner !== null && isJsonArray(mounts) ? mounts : []) {
      const name = textAt(mount, 'Name')
      if (UNNAMED_VOLUME.test(name) && ledger.volumeOwner(name) === null) {
        ledger.noteVolume(name, owner as string, expiryIn(at(item, 'Labels')))
      }
    }
  }
}
