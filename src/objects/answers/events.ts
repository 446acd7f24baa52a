import type { Decide } from './decide.ts'
import { isPredefinedNetwork } from './networks.ts'
import { labelsOf, memberOf, textOf } from './plain.ts'
import { type Labels, type Sight, type Soon, whenKnown } from './sight.ts'

/**
 * SystemEvents: the events of what the owner may see, for `filterSequence`. Not passed, whoever asked for it:
 * - the end of a prune, which names nothing and tells how much was freed;
 * - events of the daemon, its builder, plugins and nodes, and of kinds that are not known.
 */
export function systemEvents(sight: Sight): Decide {
  return (event) => {
    const actor = memberOf(event, 'Actor')
    const id = textOf(actor, 'ID')
    const attributes = labelsOf(actor, 'Attributes')
    if (id === '') return false
    switch (textOf(event, 'Type')) {
      case 'container':
        return sight.container(id, attributes, null)
      case 'image':
        return sight.imageEvent(id, textOf(event, 'Action'), textOf(attributes, 'name'))
      case 'network':
        return networkEvent(id, attributes, sight)
      case 'volume':
        return withItsContainer(attributes, sight, () => sight.volume(id, null))
      case 'service':
        return sight.service(id, null)
      case 'secret':
        return sight.secret(id, null)
      case 'config':
        return sight.config(id, null)
      default:
        return false
    }
  }
}

/** A predefined network is everybody's, but what happens to it is not: only that the owner's containers come and go. */
function networkEvent(id: string, attributes: Labels, sight: Sight): Soon<boolean> {
  const name = textOf(attributes, 'name')
  if (!isPredefinedNetwork(name)) return withItsContainer(attributes, sight, () => sight.network(id, name, null))
  return Object.hasOwn(attributes, 'container') && withItsContainer(attributes, sight, () => true)
}

/** Connecting and mounting name a container, which need not be of the network's or the volume's owner. */
function withItsContainer(attributes: Labels, sight: Sight, seen: () => Soon<boolean>): Soon<boolean> {
  if (!Object.hasOwn(attributes, 'container')) return seen()
  return whenKnown(sight.container(textOf(attributes, 'container'), null, null), (mine) => mine && seen())
}
