import type { JsonValue } from '../inspect/json/value.ts'
import { type Labels, labelMark, type Sight, type Soon } from './answers/sight.ts'
import { factsOfListed } from './containers.ts'
import { at } from './edit.ts'
import { imageEventSeen, imageSeen } from './images/seen.ts'
import type { OwnedKind } from './lookup.ts'
import { volumeOwner } from './own.ts'
import type { World } from './request.ts'
import { OWNER_LABEL, RECORD_LABEL } from './stamps.ts'
import type { Owner } from './types.ts'

/** What an owner may see of answers about many objects. */
export function sightOf(owner: Owner, world: World): Sight {
  const { containers, images, ledger, memory } = world
  const isOwn = (labels: Labels | null) => labels !== null && labels[OWNER_LABEL] === owner.key

  /** By its labels where the answer tells them, else as it was last looked at, else as it is now. */
  const owned = (kind: OwnedKind, id: string, labels: Labels | null): Soon<boolean> => {
    if (labels !== null) return isOwn(labels)
    const known = memory.owner(kind, id)
    if (known !== undefined) return known === owner.key
    return world.lookup(kind, id, { ...owner, prefix: '' }).then((found) => found !== null && !found.shared)
  }

  /** A name comes back as another's: what was known of it counts only when it is gone. */
  async function volumeNow(name: string): Promise<boolean> {
    const { status, body } = await world.inspect('volume', name)
    if (status === 200) memory.note('volume', name, volumeOwner(ledger, at(body, 'Labels'), name))
    return (memory.owner('volume', name) ?? ledger.volumeOwner(name)) === owner.key
  }

  /** Counted once an answer. */
  let counts: Promise<ReadonlyMap<string, number>> | null = null

  return {
    containerMark: labelMark(OWNER_LABEL, owner.key),
    container(id, labels, imageId) {
      const known = containers.known(id)
      if (known !== undefined) return known === owner.key
      if (labels !== null && !isOwn(labels)) return false
      if (labels === null || imageId === null) return containers.ownerById(id).then((key) => key === owner.key)
      const facts = {
        id,
        labels: { [OWNER_LABEL]: owner.key, [RECORD_LABEL]: labels[RECORD_LABEL] ?? '' },
        image: imageId,
      }
      return containers.ownerOf(facts).then((key) => key === owner.key)
    },
    async containerNamed(name) {
      return (await world.lookup('container', name, { ...owner, prefix: '' })) !== null
    },
    containersOf: async (image) => {
      counts ??= world.listOwn('container', owner).then(countByImage)
      return (await counts).get(image) ?? 0
    },
    network: (id, _name, labels) => owned('network', id, labels),
    volume(name, labels) {
      return labels === null ? volumeNow(name) : volumeOwner(ledger, labels, name) === owner.key
    },
    image: (item) => imageSeen(item, owner, images, ledger),
    imageEvent: (id, _action, reference) => imageEventSeen(id, reference, owner, images, ledger),
    service: (id, labels) => owned('service', id, labels),
    task: (_id, _service, labels) => isOwn(labels),
    secret: (id, labels) => owned('secret', id, labels),
    config: (id, labels) => owned('config', id, labels),
  }
}

function countByImage(containers: readonly JsonValue[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { image } of containers.map(factsOfListed)) counts.set(image, (counts.get(image) ?? 0) + 1)
  return counts
}
