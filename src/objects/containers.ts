import { LRUCache } from 'lru-cache'
import { encodeComponent } from '../engine/target.ts'
import type { JsonValue } from '../inspect/json/value.ts'
import { at, textAt } from './edit.ts'
import { labelIn, ownerIn, RECORD_LABEL } from './stamps.ts'
import type { Ask } from './types.ts'

/** What the engine calls a volume that is given no name; it carries no labels. */
export const UNNAMED_VOLUME = /^[0-9a-f]{64}$/

const MOST_CONTAINERS = 65_536
const MOST_IMAGES = 8192
const MOST_EXECS = 8192

/**
 * Whose containers and execs are, as far as it was found out. Labels of a container never change after it is made, and
 * those of an image are part of its id, so what was found stays true.
 */
export interface Containers {
  /** The owner key of a container by its full id, or null; undefined when it was not found out yet. */
  known(id: string): string | null | undefined
  /** Whose a container is, by what the engine says of it. */
  ownerOf(told: ContainerFacts): Promise<string | null>
  /** Whose a container is, by its full id, which the engine is asked for where it is not known. */
  ownerById(id: string): Promise<string | null>
  note(id: string, key: string): void
  noteExec(id: string, container: string): void
  /** The owner key of an exec's container; null where it is nobody's, and where there is no such exec. */
  ownerOfExec(id: string): Promise<string | null>
}

export interface ContainerFacts {
  readonly id: string
  readonly labels: JsonValue | undefined
  /** `sha256:…`; empty where it is not known. */
  readonly image: string
}

/** Answers of the engine: the inspect of a container, and an item of the list. */
export function factsOfInspected(told: JsonValue): ContainerFacts {
  return { id: textAt(told, 'Id'), labels: at(told, 'Config', 'Labels'), image: textAt(told, 'Image') }
}

export function factsOfListed(item: JsonValue): ContainerFacts {
  return { id: textAt(item, 'Id'), labels: at(item, 'Labels'), image: textAt(item, 'ImageID') }
}

export function createContainers(ask: Ask): Containers {
  const owners = new LRUCache<string, { readonly key: string | null }>({ max: MOST_CONTAINERS })
  /** The record of the making of an image; empty where it has none. */
  const records = new LRUCache<string, string>({ max: MOST_IMAGES })
  const execs = new LRUCache<string, string>({ max: MOST_EXECS })

  async function recordOfImage(image: string): Promise<string | null> {
    const known = records.get(image)
    if (known !== undefined) return known
    const { status, body } = await ask('GET', `/images/${encodeComponent(image)}/json`)
    // It was removed by force: whoever made it wrote no other label into it now.
    if (status === 404) return ''
    if (status !== 200) return null
    const record = labelIn(at(body, 'Config', 'Labels'), RECORD_LABEL) ?? ''
    records.set(image, record)
    return record
  }

  /** The engine merges an image's labels into those of its containers, and whoever makes an image writes what he likes. */
  async function isOwnLabel({ labels, image }: ContainerFacts): Promise<boolean> {
    const record = labelIn(labels, RECORD_LABEL)
    if (record === null || image === '') return false
    const inherited = await recordOfImage(image)
    return inherited !== null && inherited !== record
  }

  async function ownerOf(facts: ContainerFacts): Promise<string | null> {
    const known = owners.get(facts.id)
    if (known !== undefined) return known.key
    const key = ownerIn(facts.labels)
    const owner = key !== null && (await isOwnLabel(facts)) ? key : null
    if (facts.id !== '') owners.set(facts.id, { key: owner })
    return owner
  }

  async function ownerById(id: string): Promise<string | null> {
    const known = owners.get(id)
    if (known !== undefined) return known.key
    const { status, body } = await ask('GET', `/containers/${encodeComponent(id)}/json`)
    return status === 200 && textAt(body, 'Id') === id ? ownerOf(factsOfInspected(body)) : null
  }

  async function containerOfExec(id: string): Promise<string> {
    const known = execs.get(id)
    if (known !== undefined) return known
    const { status, body } = await ask('GET', `/exec/${encodeComponent(id)}/json`)
    const container = status === 200 ? textAt(body, 'ContainerID') : ''
    if (container !== '') execs.set(id, container)
    return container
  }

  return {
    known: (id) => owners.get(id)?.key,
    ownerOf,
    ownerById,
    note: (id, key) => void owners.set(id, { key }),
    noteExec: (id, container) => void execs.set(id, container),
    async ownerOfExec(id) {
      const container = await containerOfExec(id)
      return container === '' ? null : ownerById(container)
    },
  }
}
