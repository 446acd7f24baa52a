import type { OwnedRequest } from './request.ts'
import type { Errand, Reshaped, Shape } from './types.ts'

/** Full ids of containers and networks, and names of volumes without one. */
const ID = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g
/** More than any error of an engine names. */
const MOST_IDS = 16
/** In place of an id that is another's. */
export const HIDDEN = "(somebody else's)"

/**
 * An errand whose errors name no object of somebody else: the engine says what stands in the way (`already in use by
 * container …`, `volume is in use - […]`) by its id.
 */
export function masked(errand: Errand, request: OwnedRequest): Errand {
  if (errand.kind === 'answer') return errand
  const { shape } = errand
  const shown: Shape = (status) => {
    const inner = shape?.(status) ?? null
    if (status < 400 || inner?.kind === 'stream') return inner
    return {
      kind: 'whole',
      async change(bytes) {
        const changed = inner === null ? { status, bytes } : await inner.change(bytes)
        return withoutOthers(changed, request)
      },
    }
  }
  return { ...errand, shape: shown }
}

async function withoutOthers({ status, bytes }: Reshaped, request: OwnedRequest): Promise<Reshaped> {
  const text = bytes.toString('latin1')
  const ids = new Set(text.match(ID) ?? [])
  if (ids.size === 0) return { status, bytes }
  const hidden = new Set<string>()
  for (const id of ids) if (hidden.size >= MOST_IDS || !(await isOwn(id, request))) hidden.add(id)
  return {
    status,
    bytes: Buffer.from(
      text.replace(ID, (id) => (hidden.has(id) ? HIDDEN : id)),
      'latin1',
    ),
  }
}

/** What the request itself names is the client's own word. */
async function isOwn(id: string, { checked, owner, world }: OwnedRequest): Promise<boolean> {
  if (checked.operation.target.includes(id)) return true
  if (checked.body.kind === 'bytes' && checked.body.bytes.includes(id)) return true
  if ((await world.containers.ownerById(id)) === owner.key) return true
  return world.memory.owner('network', id) === owner.key || world.ledger.volumeOwner(id) === owner.key
}
