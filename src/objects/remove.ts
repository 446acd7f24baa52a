import { encodeComponent } from '../engine/target.ts'
import { isOwnVolume } from './own.ts'
import type { World } from './request.ts'
import { volumeLock } from './rules/named-volumes.ts'

/**
 * Removes a volume that nobody uses. Its name may have become somebody else's since it was listed, so it is looked at once
 * more, while nobody else in this gate does anything about the name.
 *
 * @returns whether it is gone
 */
export async function removeVolume(name: string, key: string, world: World): Promise<boolean> {
  const release = await world.locks.hold([volumeLock(name)])
  try {
    const { status, body } = await world.inspect('volume', name)
    if (status !== 200 || !isOwnVolume(world, body, key)) return false
    return (await world.ask('DELETE', `/volumes/${encodeComponent(name)}`)).status === 204
  } finally {
    release()
  }
}
