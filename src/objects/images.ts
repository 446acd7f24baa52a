import { encodePath } from '../engine/target.ts'
import { textAt } from './edit.ts'
import type { Ask, Owner } from './types.ts'

/** What an owner sees of images. */
export interface Images {
  /** The id of an image that the owner may use, by a name that is his to use; null where there is none. */
  find(name: string, owner: Owner): Promise<string | null>
}

export function createImages(ask: Ask): Images {
  return {
    async find(name) {
      const { status, body } = await ask('GET', `/images/${encodePath(name)}/json`)
      return status === 200 ? textAt(body, 'Id') : null
    },
  }
}
