import type { OperationId } from '../../engine/operations.ts'
import { networkInspect } from '../answers/networks.ts'
import { edited, textAt, withAlias } from '../edit.ts'
import type { Found } from '../lookup.ts'
import { made } from '../made.ts'
import { bodyOf, type OwnedRequest, onObject, type Rule, referred, send, withBody, withOperation } from '../request.ts'
import { ownStamps } from '../stamps.ts'
import { aboutNothing, parameterOf, puttingBack, renamed, twinOf } from '../twin.ts'
import type { Errand } from '../types.ts'
import { withoutServices } from './conflict.ts'
import { narrowed } from './lists.ts'
import { remembered } from './remembered.ts'

/** Engines before 25 make several networks of one name unless they are asked not to: the name would then mean none. */
const create: Rule = async (request) => {
  const { checked, owner } = request
  const from = textAt(bodyOf(checked), 'ConfigFrom', 'Network')
  const configured = from === '' ? null : (await referred(request, 'network', from)).name
  const body =
    configured === null ? bodyOf(checked) : edited(bodyOf(checked), ['ConfigFrom', 'Network'], () => configured)
  const named = edited(body, ['Name'], (name) => `${owner.prefix}${String(name ?? '')}`)
  const unique = withBody(
    checked,
    edited(named, ['CheckDuplicate'], () => true),
  )
  return send(made(unique, ownStamps(owner)), remembered(request, 'network', 'Id'))
}

type Then = (request: OwnedRequest, network: Found) => Errand | Promise<Errand>

/**
 * A rule for a network and the container that the body names. Of a network that is not there, too, the engine is told
 * only of the owner's container: it may look for that one first.
 *
 * @param needed whether the owner's container is left alone where there is no network: an engine takes any name for one that
 * does not run, and looks for it when it starts
 */
function withContainer(needed: boolean, then: Then): Rule {
  return async (request) => {
    const { checked, owner, world } = request
    const called = parameterOf(checked.operation, 'id')
    const name = textAt(bodyOf(checked), 'Container')
    const found = await world.lookup('network', called, owner)
    const container = found === null ? await world.lookup('container', name, owner) : null
    const network = container !== null && needed ? await referred(request, 'network', called) : found
    if (network !== null) {
      const byId = withOperation(checked, renamed(checked.operation, 'id', network.id))
      return then({ ...request, checked: byId }, network)
    }
    const twin =
      container === null ? twinOf('container', name) : { whole: container.id, random: container.id, original: name }
    const sent = withBody(
      checked,
      edited(bodyOf(checked), ['Container'], () => twin.whole),
    )
    return aboutNothing(sent, 'network', 'id', [twin])
  }
}

/** The endpoint says by id which network is meant, and the container is named by its id. */
const connect = withContainer(true, async (request, network) => {
  const { checked, owner } = request
  const container = await referred(request, 'container', textAt(bodyOf(checked), 'Container'))
  const known = edited(bodyOf(checked), ['Container'], () => container.id)
  const own = owner.prefix === '' || network.shared ? null : container.name.slice(owner.prefix.length)
  return send(
    withBody(
      checked,
      edited(known, ['EndpointConfig'], (config) => {
        const endpoint = edited(config, ['NetworkID'], () => network.id)
        return own === null ? endpoint : withAlias(endpoint, own)
      }),
    ),
  )
})

/** What an engine says of a container that is not there depends on `Force`: it then looks for an endpoint of that name. */
const disconnect = withContainer(false, async ({ checked, owner, world }) => {
  const name = textAt(bodyOf(checked), 'Container')
  const found = await world.lookup('container', name, owner)
  const twin = twinOf('container', name)
  const sent = withBody(
    checked,
    edited(bodyOf(checked), ['Container'], () => found?.id ?? twin.whole),
  )
  return found === null ? { ...send(sent, puttingBack(twin)), reason: 'object-unknown' } : send(sent)
})

export const NETWORK_RULES: Partial<Record<OperationId, Rule>> = {
  NetworkCreate: create,
  NetworkInspect: onObject('network', 'id', (request) => send(request.checked, narrowed(request, networkInspect))),
  NetworkDelete: onObject('network', 'id', withoutServices),
  NetworkConnect: connect,
  NetworkDisconnect: disconnect,
}
