import type { OperationId } from '../../engine/operations.ts'
import { Refusal } from '../../refusal.ts'
import { textOf } from '../answers/plain.ts'
import { imageArchiveRules } from '../images/archive-names.ts'
import { createHoldings } from '../images/holdings.ts'
import type { Rule } from '../request.ts'
import { send } from '../request.ts'
import { expiryOf } from '../stamps.ts'
import { watching } from './images.ts'

const LOADED_ID = /^Loaded image ID: (sha256:[0-9a-f]{64})\n?$/

/** Images of an archive come under the names that it says; where one of them is somebody else's, none comes. */
const load: Rule = ({ checked, owner, world }) => {
  if (checked.body.kind !== 'stream') return send(checked)
  const held = createHoldings()
  const names: string[] = []
  const archive = imageArchiveRules(async (references) => {
    for (const reference of references) {
      const release = await world.images.take(reference, owner, 'made')
      if (release === null) {
        throw new Refusal(
          'name-taken',
          `the image reference ${reference} in the archive is not yours: nothing was loaded`,
        )
      }
      held.add(release)
      names.push(reference)
    }
  })
  const ids: string[] = []
  const shape = watching(
    (message) => {
      const id = LOADED_ID.exec(textOf(message, 'stream'))?.[1]
      if (id !== undefined && ids.length < 1024) ids.push(id)
    },
    async () => {
      for (const id of ids) world.ledger.noteImage(id, owner.key, expiryOf(owner))
      for (const reference of names) await world.images.noteNamed(reference, owner, 'made')
    },
  )
  return send({ ...checked, body: { kind: 'stream', length: null, archive } }, shape, held.over)
}

export const IMAGE_LOAD_RULES: Partial<Record<OperationId, Rule>> = { ImageLoad: load }
