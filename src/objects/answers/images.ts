import { isJsonArray, JsonNumber, type JsonValue } from '../../inspect/json/value.ts'
import type { Change, Decide, Kept, Plain, PlainObject } from './decide.ts'
import type { Elements } from './filter-answer.ts'
import { elementsOf, isPlainObject, memberOf, numberOf, textOf, withElements, withMembers } from './plain.ts'
import { type Sight, whenKnown } from './sight.ts'

/** Told of each image that is kept, with how many of the owner's containers were made from it (-1: not counted). */
type Tally = (item: Plain, containers: number) => void

/** ImageList: the images that the owner may see, by the references that the owner may see. */
export function imageList(sight: Sight): Elements {
  return { elements: imageItem(sight) }
}

/**
 * An image's summary, of ImageList and of SystemDataUsage. An image can be many owners', so beside its references:
 * - `Containers` counts only the owner's where it counts, as do the ids in `Manifests[].ImageData.Containers` (API 1.47);
 * - `SharedSize` tells of layers in other images, anybody's: it is -1, "not calculated" (Engine API, ImageSummary);
 * - `Identity` (engines from 29 on) tells which repositories it was pulled from, by anybody, and goes;
 * - so do a `Descriptor`'s annotations, where the containerd store keeps the name that an image was loaded by.
 */
export function imageItem(sight: Sight, tally: Tally = () => {}): Decide {
  return (item) => {
    if (!isPlainObject(item)) return false
    return whenKnown(sight.image(item), (kept): Kept | Promise<Kept> => {
      if (kept === false) return false
      return whenKnown(ownContainers(item, sight), (containers): Kept | Promise<Kept> => {
        tally(item, containers)
        return whenKnown(hiddenContainers(item, sight), (hidden): Kept => {
          if (kept === true && isNarrow(item, containers)) return true
          const narrowed = narrow(containers, hidden)
          return kept === true ? narrowed : (value) => narrowed(kept(value))
        })
      })
    })
  }
}

/** What the engine did not count stays so. */
function ownContainers(item: PlainObject, sight: Sight) {
  return numberOf(item, 'Containers') === -1 ? -1 : sight.containersOf(textOf(item, 'Id'))
}

function isNarrow(item: PlainObject, containers: number): boolean {
  if (numberOf(item, 'Containers') !== containers || numberOf(item, 'SharedSize') !== -1) return false
  return !['Manifests', 'Identity', 'Descriptor'].some((name) => Object.hasOwn(item, name))
}

function narrow(containers: number, hidden: ReadonlySet<string>): Change {
  return (value) =>
    withMembers(value, (name, member) => {
      switch (name) {
        case 'Containers':
          return new JsonNumber(String(containers))
        case 'SharedSize':
          return new JsonNumber('-1')
        case 'Identity':
          return undefined
        case 'Descriptor':
          return withoutAnnotations(member)
        case 'Manifests':
          return withElements(member, (manifest) => narrowManifest(manifest, hidden))
        default:
          return member
      }
    })
}

/** @param hidden ids of containers that are not shown */
export function narrowManifest(manifest: JsonValue, hidden: ReadonlySet<string>): JsonValue {
  return withMembers(manifest, (name, member) => {
    if (name === 'Descriptor') return withoutAnnotations(member)
    if (name !== 'ImageData') return member
    return withMembers(member, (inner, data) => {
      if (inner === 'Identity') return undefined
      if (inner !== 'Containers' || !isJsonArray(data)) return data
      return data.filter((id) => typeof id === 'string' && !hidden.has(id))
    })
  })
}

/** A descriptor without what may name the image as others do. */
export function withoutAnnotations(descriptor: JsonValue): JsonValue {
  return withMembers(descriptor, (name, member) => (name === 'annotations' ? undefined : member))
}

/** The ids of containers that an image's `Manifests` tell of, and that are not the owner's. */
export function hiddenContainers(item: PlainObject, sight: Sight): ReadonlySet<string> | Promise<ReadonlySet<string>> {
  const manifests = elementsOf(memberOf(item, 'Manifests'))
  const named = manifests.flatMap((manifest) => elementsOf(memberOf(memberOf(manifest, 'ImageData'), 'Containers')))
  return named.length === 0 ? new Set() : notSeen(named, sight)
}

async function notSeen(ids: readonly Plain[], sight: Sight): Promise<ReadonlySet<string>> {
  const hidden = new Set<string>()
  for (const id of ids) if (typeof id === 'string' && !(await sight.container(id, null, null))) hidden.add(id)
  return hidden
}
