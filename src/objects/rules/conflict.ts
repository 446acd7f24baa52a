import type { World } from '../request.ts'
import type { Owner, Reshaping } from '../types.ts'

/** 20.10 to 29: `Conflict. The container name "/web" is already in use by container "<id>". You have to remove …`. */
const USER = /\bby container \\"([0-9a-f]{64})\\"/

/** The engine says by its id which container has a name: only of one's own. */
export function nameConflict(owner: Owner, { containers }: World): Reshaping {
  return {
    kind: 'whole',
    async change(bytes) {
      const text = bytes.toString('latin1')
      const id = USER.exec(text)?.[1]
      if (id === undefined || (await containers.ownerById(id)) === owner.key) return { status: 409, bytes }
      return { status: 409, bytes: Buffer.from(text.replace(USER, 'by another container'), 'latin1') }
    },
  }
}
