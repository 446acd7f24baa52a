import { encodePath } from '../../engine/target.ts'
import { isJsonArray, type JsonValue } from '../../inspect/json/value.ts'
import { matchesAny } from '../../policy/profile/pattern.ts'
import { at, textAt } from '../edit.ts'
import type { Holder, How, Ledger } from '../ledger.ts'
import { expiryOf } from '../stamps.ts'
import type { Ask, Owner } from '../types.ts'
import { fullReference, repositoryOf } from './references.ts'

/** An image that an owner may use. */
export interface FoundImage {
  readonly id: string
  /** The reference by which it was named, in full; null: by its id. */
  readonly reference: string | null
  /** Every reference with a tag that the engine has for it, as it writes them. */
  readonly tags: readonly string[]
  /** Those of the engine's references, with tag or digest, that are the owner's to see. */
  readonly seen: readonly string[]
}

/** Whose images are whose, by the ledger and by what a role shares. */
export interface Images {
  /** An image by a name that is the owner's to use, or by an id, or the beginning of one; null where there is none. */
  find(name: string, owner: Owner): Promise<FoundImage | null>
  /** The references that an owner may see, of those that an image has, whose id is `id`. */
  visible(references: readonly string[], id: string, owner: Owner): readonly string[]
  /**
   * Takes a full reference for something that is about to be made of it, or fetched: null when it is the owner's to take,
   * and then it is nobody else's before the returned function is called.
   */
  take(reference: string, owner: Owner, how: How): Promise<(() => void) | null>
  /** Whether the owner alone is making something of a full reference now. */
  isMaking(reference: string, owner: Owner): boolean
  /** Keeps others from a full reference while an image is used by it; null: somebody else is about to change it. */
  hold(reference: string, owner: Owner, how: How): (() => void) | null
  /** Notes what an owner made, or fetched, under a full reference: the image that the engine has there. */
  noteNamed(reference: string, owner: Owner, how: How): Promise<void>
}

const ID_PART = /^(?:sha256:)?([0-9a-f]{1,64})$/

/** Whether any role of the policy shares a full reference: nobody may then change what it means. */
export type IsShared = (reference: string, owner: Owner) => boolean

export function createImages(ask: Ask, ledger: Ledger, isShared: IsShared): Images {
  /** What is being made or fetched now, by reference. */
  const taken = new Map<string, Holder & { readonly users: number }>()

  const inspect = (name: string) => ask('GET', `/images/${encodePath(name)}/json`)

  /**
   * Whoever holds a reference sees the image that it meant then, and what came from the registry since: past the gate, or
   * by a role that sees everybody's, it can be given to any image.
   */
  const isVisible = (reference: string, id: string, owner: Owner): boolean => {
    const full = fullReference(reference)
    if (full === null) return false
    if (matchesAny(owner.rule.sharedImages, full, owner.principal)) return true
    const holders = ledger.holdersOf(full)
    const own = holders.find((holder) => holder.owner === owner.key)
    if (own === undefined) return false
    if (ledger.ownsImage(id, owner.key)) return true
    const isFetched = (holder: Holder) => holder.how === 'registry' && ledger.ownsImage(id, holder.owner)
    return own.how === 'registry' && holders.some(isFetched)
  }

  /** A digest is seen with a tag of its repository. */
  const visible = (references: readonly string[], id: string, owner: Owner): readonly string[] => {
    const tags = references.filter((reference) => !reference.includes('@') && isVisible(reference, id, owner))
    const repositories = new Set(tags.map(repositoryOf))
    return references.filter((reference) =>
      reference.includes('@')
        ? repositories.has(repositoryOf(reference)) || isVisible(reference, id, owner)
        : tags.includes(reference),
    )
  }

  async function find(name: string, owner: Owner): Promise<FoundImage | null> {
    const { status, body } = await inspect(name)
    const found = status === 200 ? foundIn(body, name, owner) : null
    if (found !== null) return found
    // What others have must not stand in the way of the beginning of an own id.
    const part = ID_PART.exec(name)?.[1]
    if (part === undefined) return null
    const own = ledger.imagesOf(owner.key).filter((id) => id.startsWith(`sha256:${part}`))
    const told = own.length === 1 ? await inspect(own[0] as string) : null
    return told?.status === 200 ? foundIn(told.body, own[0] as string, owner) : null
  }

  function foundIn(body: JsonValue, name: string, owner: Owner): FoundImage | null {
    const id = textAt(body, 'Id')
    const tags = textsAt(body, 'RepoTags')
    const seen = visible([...tags, ...textsAt(body, 'RepoDigests')], id, owner)
    const full = fullReference(name)
    const byName =
      full !== null && [...tags, ...textsAt(body, 'RepoDigests')].some((each) => fullReference(each) === full)
    if (byName)
      return isVisible(full, id, owner) || seen.some((each) => fullReference(each) === full)
        ? { id, reference: full, tags, seen }
        : null
    const byId = ID_PART.test(name) && (ledger.ownsImage(id, owner.key) || seen.length > 0)
    return byId ? { id, reference: null, tags, seen } : null
  }

  return {
    find,
    visible,
    noteNamed,
    hold,
    isMaking(reference, owner) {
      const now = taken.get(reference)
      return now?.owner === owner.key && now.how === 'made'
    },
    async take(reference, owner, how) {
      const release = hold(reference, owner, how)
      if (release === null) return null
      try {
        if (await mayTake(reference, owner, how)) return release
      } catch (error) {
        release()
        throw error
      }
      release()
      return null
    },
  }

  function hold(reference: string, owner: Owner, how: How): (() => void) | null {
    const now = taken.get(reference)
    const isTogether = now === undefined || now.owner === owner.key || (now.how === 'registry' && how === 'registry')
    if (!isTogether) return null
    // While one of several makes it, it is that one's alone.
    const strongest = now?.how === 'made' ? 'made' : how
    taken.set(reference, { owner: owner.key, how: strongest, users: (now?.users ?? 0) + 1 })
    return () => {
      const then = taken.get(reference)
      if (then === undefined || then.users === 1) taken.delete(reference)
      else taken.set(reference, { ...then, users: then.users - 1 })
    }
  }

  async function noteNamed(reference: string, owner: Owner, how: How): Promise<void> {
    const { status, body } = await inspect(reference)
    if (status !== 200) return
    ledger.noteImage(textAt(body, 'Id'), owner.key, expiryOf(owner))
    ledger.noteReference(reference, owner.key, how)
  }

  async function mayTake(reference: string, owner: Owner, how: How): Promise<boolean> {
    // What is shared is everybody's to fetch, and nobody's to make.
    if (isShared(reference, owner)) return how === 'registry'
    const { status, body } = await inspect(reference)
    if (status === 404) {
      // Whoever had it lost it past the gate: it must not be theirs again with what is made now.
      ledger.dropReference(reference, null)
      return true
    }
    if (status !== 200) return false
    const holders = ledger.holdersOf(reference)
    if (holders.length === 1 && holders[0]?.owner === owner.key) return true
    if (how === 'made') return false
    if (holders.length > 0) return holders.every((holder) => holder.how === 'registry')
    return textsAt(body, 'RepoDigests').some((digest) => repositoryOf(digest) === repositoryOf(reference))
  }
}

/** The texts of a list in an answer of the engine. */
export function textsAt(body: JsonValue, name: string): readonly string[] {
  const list = at(body, name) ?? null
  return isJsonArray(list) ? list.filter((text) => typeof text === 'string') : []
}
