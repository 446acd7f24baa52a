import { type Labels, labelMark, type Sight, type Soon } from './answers/sight.ts'
import type { OwnedKind } from './lookup.ts'
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
    containersOf: () => -1,
    network: (id, _name, labels) => owned('network', id, labels),
    volume(name, labels) {
      if (isOwn(labels) || ledger.volumeOwner(name) === owner.key) return true
      return labels === null && owned('volume', name, null)
    },
    image: (item) => images.seen(item, owner),
    imageEvent: (id, action, reference) => images.eventSeen({ id, action, reference }, owner),
    service: (id, labels) => owned('service', id, labels),
    task: (_id, _service, labels) => isOwn(labels),
    secret: (id, labels) => owned('secret', id, labels),
    config: (id, labels) => owned('config', id, labels),
  }
}
