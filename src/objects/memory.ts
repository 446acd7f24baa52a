import { LRUCache } from 'lru-cache'
import type { OwnedKind } from './lookup.ts'

const MOST = 65_536

/**
 * Whose objects were, by kind and id, as they were last looked at: for what is told of them when they are gone. Of a
 * volume, which has no id, it is the name, and the last one of that name counts.
 */
export interface Memory {
  note(kind: OwnedKind, id: string, key: string | null): void
  /** Undefined: it was never looked at. */
  owner(kind: OwnedKind, id: string): string | null | undefined
}

export function createMemory(): Memory {
  const owners = new LRUCache<string, { readonly key: string | null }>({ max: MOST })
  return {
    note: (kind, id, key) => void owners.set(`${kind} ${id}`, { key }),
    owner: (kind, id) => owners.get(`${kind} ${id}`)?.key,
  }
}
