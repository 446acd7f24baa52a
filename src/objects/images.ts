import { encodePath } from '../engine/target.ts'
import type { Kept, PlainObject } from './answers/decide.ts'
import type { Soon } from './answers/sight.ts'
import { textAt } from './edit.ts'
import type { Ask, Owner } from './types.ts'

/** What an owner sees of images. */
export interface Images {
  /** The id of an image that the owner may use, by a name that is his to use; null where there is none. */
  find(name: string, owner: Owner): Promise<string | null>
  seen(item: PlainObject, owner: Owner): Soon<Kept>
  eventSeen(
    event: { readonly id: string; readonly action: string; readonly reference: string },
    owner: Owner,
  ): Soon<boolean>
  count(owner: Owner): Promise<number>
}

export function createImages(ask: Ask): Images {
  return {
    async find(name) {
      const { status, body } = await ask('GET', `/images/${encodePath(name)}/json`)
      return status === 200 ? textAt(body, 'Id') : null
    },
    seen: () => true,
    eventSeen: () => true,
    count: () => Promise.resolve(0),
  }
}
