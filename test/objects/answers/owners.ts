import type { PlainObject } from '../../../src/objects/answers/decide.ts'
import type { Labels, Sight } from '../../../src/objects/answers/sight.ts'

/** What an owner knows in a test: all that has the word in one of its names, ids or labels. */
export function sightOf(word: string): Sight {
  const seen = (...names: (string | null)[]) => names.some((name) => name?.includes(word))
  const labelled = (labels: Labels | null) => Object.values(labels ?? {}).includes(word)
  return {
    containerMark: null,
    container: (id, labels) => seen(id) || labelled(labels),
    containerNamed: (name) => seen(name),
    containersOf: (imageId) => (seen(imageId) ? 1 : 0),
    network: (id, name, labels) => seen(id, name) || labelled(labels),
    volume: (name, labels) => seen(name) || labelled(labels),
    image: (item: PlainObject) => JSON.stringify(item).includes(word),
    imageEvent: (id, _action, reference) => seen(id, reference),
    service: (id, labels) => seen(id) || labelled(labels),
    task: (id, service, labels) => seen(id, service) || labelled(labels),
    secret: (id, labels) => seen(id) || labelled(labels),
    config: (id, labels) => seen(id) || labelled(labels),
  }
}

/** The same, with every answer a turn later. */
export function later(sight: Sight): Sight {
  const asked = new Map<string, unknown>([['containerMark', sight.containerMark]])
  for (const [name, ask] of Object.entries(sight)) {
    if (typeof ask === 'function') asked.set(name, async (...about: unknown[]) => ask(...about))
  }
  return Object.fromEntries(asked) as unknown as Sight
}

/** An id of a container that contains the word, which must be hexadecimal. */
export function idOf(word: string): string {
  return word.padEnd(64, '0')
}
