import { encodeComponent } from '../engine/target.ts'
import type { JsonValue } from '../inspect/json/value.ts'
import { textAt } from './edit.ts'
import type { World } from './request.ts'
import { volumeLock } from './rules/named-volumes.ts'
import type { Told } from './types.ts'

/** What came of a removal: `gone` when there was nothing to remove; otherwise why not, in the engine's words. */
export type Removal = { readonly result: 'removed' | 'gone' } | { readonly result: 'failed'; readonly why: string }

/** What the engine says to a DELETE. */
export function removalOf({ status, body }: Told): Removal {
  if (status >= 200 && status < 300) return { result: 'removed' }
  if (status === 404) return { result: 'gone' }
  return { result: 'failed', why: textAt(body, 'message') || `the engine answered with status ${status}` }
}

/**
 * Removes a volume that nobody uses. Its name may have become somebody else's since it was listed, so it is looked at once
 * more, while nobody else in this gate does anything about the name.
 *
 * @param isMeant whether it is still the one, by what the engine says of it
 */
export async function removeVolume(
  name: string,
  { ask, inspect, ledger, locks }: Pick<World, 'ask' | 'inspect' | 'ledger' | 'locks'>,
  isMeant: (told: JsonValue) => boolean,
): Promise<Removal> {
  const release = await locks.hold([volumeLock(name)])
  try {
    const told = await inspect('volume', name)
    if (told.status !== 200 || !isMeant(told.body)) return told.status === 200 ? { result: 'gone' } : removalOf(told)
    const removal = removalOf(await ask('DELETE', `/volumes/${encodeComponent(name)}`))
    if (removal.result === 'removed') ledger.dropVolume(name)
    return removal
  } finally {
    release()
  }
}
