import { parseJson } from '../../inspect/json/parse.ts'
import { textAt } from '../edit.ts'
import type { OwnedKind } from '../lookup.ts'
import type { OwnedRequest } from '../request.ts'
import type { Shape } from '../types.ts'

/**
 * What the engine made is its owner's: events tell of it by its id alone, and one comes when it is gone.
 *
 * @param member that of the answer which has the id
 */
export function remembered({ owner, world }: OwnedRequest, kind: OwnedKind, member: 'Id' | 'ID' = 'ID'): Shape {
  return (status) => {
    if (status !== 201) return null
    return {
      kind: 'whole',
      change(bytes) {
        world.memory.note(kind, textAt(parseJson(bytes), member), owner.key)
        return { status, bytes }
      },
    }
  }
}
