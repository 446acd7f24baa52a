import { isJsonArray, type JsonValue } from '../../inspect/json/value.ts'
import type { Change, Decide, Kept, Plain } from '../answers/decide.ts'
import { hiddenContainers, narrowManifest, withoutAnnotations } from '../answers/images.ts'
import { elementsOf, isPlainObject, memberOf, textOf, withElements, withMembers } from '../answers/plain.ts'
import { type Sight, whenKnown } from '../answers/sight.ts'
import type { Ledger } from '../ledger.ts'
import type { Owner } from '../types.ts'
import type { Images } from './images.ts'
import { fullReference } from './references.ts'

const NO_TAG = '<none>:<none>'
const NO_DIGEST = '<none>@<none>'

/** What an owner sees of an item of ImageList: none of it, or with the references that are his to see. */
export function imageSeen(item: Plain, owner: Owner, images: Images, ledger: Ledger): Kept {
  const tags = textsOf(item, 'RepoTags')
  const digests = textsOf(item, 'RepoDigests')
  const seen = new Set(images.visible([...tags, ...digests], textOf(item, 'Id'), owner))
  const isNamed = tags.some((tag) => seen.has(tag))
  if (!isNamed && !ledger.ownsImage(textOf(item, 'Id'), owner.key)) return false
  if (seen.size === tags.length + digests.length) return true
  return onlySeen(seen)
}

/** Whether an item of ImageList has a reference that is the owner's to see. */
export function hasSeenName(item: Plain, owner: Owner, images: Images): boolean {
  return seenOf(item, owner, images).length > 0
}

/** ImageInspect: with the references, and of the containers made from it those, that are the owner's to see. */
export function imageInspect(owner: Owner, images: Images, sight: Sight): Decide {
  return (item) => {
    const seen = new Set(seenOf(item, owner, images))
    const narrowed = onlySeen(seen)
    const containers = isPlainObject(item) ? hiddenContainers(item, sight) : new Set<string>()
    return whenKnown(
      containers,
      (hidden): Kept =>
        (value) =>
          withMembers(narrowed(value), inspected(hidden)),
    )
  }
}

/** ImageHistory: an entry's tags. Of the layers below, the engine tells ids, which are whoever's built them. */
export function imageHistory(owner: Owner, images: Images): Decide {
  return (item) => {
    const tags = textsOf(item, 'Tags')
    const seen = new Set(images.visible(tags, textOf(item, 'Id'), owner))
    if (seen.size === tags.length) return true
    return (value) => withMembers(value, (name, member) => (name === 'Tags' ? orNull(keptOf(member, seen)) : member))
  }
}

/** Image events name an image by its id, or by a reference. */
export function imageEventSeen(
  id: string,
  reference: string,
  owner: Owner,
  { isMaking }: Pick<Images, 'isMaking'>,
  ledger: Ledger,
): boolean {
  const full = fullReference(reference === '' ? id : reference)
  // That an image has its name is told before the answer that says so, which the ledger waits for.
  if (full !== null && isMaking(full, owner)) return true
  if (full !== null && ledger.holdersOf(full).some((holder) => holder.owner === owner.key)) return true
  return ledger.ownsImage(id, owner.key) && (reference === '' || reference === id)
}

function inspected(hidden: ReadonlySet<string>) {
  return (name: string, member: JsonValue): JsonValue | undefined => {
    switch (name) {
      // Engines from 29 on tell here which repositories it was pulled from, and when it was tagged last: by anybody.
      case 'Identity':
      case 'Metadata':
        return undefined
      case 'Descriptor':
        return withoutAnnotations(member)
      case 'Manifests':
        return withElements(member, (manifest) => narrowManifest(manifest, hidden))
      default:
        return member
    }
  }
}

function seenOf(item: Plain, owner: Owner, images: Images): readonly string[] {
  return images.visible([...textsOf(item, 'RepoTags'), ...textsOf(item, 'RepoDigests')], textOf(item, 'Id'), owner)
}

function onlySeen(seen: ReadonlySet<string>): Change {
  return (value) =>
    withMembers(value, (name, member) => {
      if (name !== 'RepoTags' && name !== 'RepoDigests') return member
      // An engine before API 1.43 writes an image without names so; its own word stays.
      return keptOf(member, new Set([...seen, NO_TAG, NO_DIGEST]))
    })
}

function keptOf(member: JsonValue, seen: ReadonlySet<string>): JsonValue {
  return isJsonArray(member) ? member.filter((text) => typeof text === 'string' && seen.has(text)) : member
}

/** Go writes a list that nobody made as null. */
function orNull(list: JsonValue): JsonValue {
  return isJsonArray(list) && list.length === 0 ? null : list
}

function textsOf(item: Plain, name: string): readonly string[] {
  return elementsOf(memberOf(item, name)).filter((text) => typeof text === 'string')
}
