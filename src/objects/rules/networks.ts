import type { OperationId } from '../../engine/operations.ts'
import { networkInspect } from '../answers/networks.ts'
import { edited, textAt, withAlias } from '../edit.ts'
import { made } from '../made.ts'
import { bodyOf, onObject, type Rule, referred, send, withBody } from '../request.ts'
import { ownStamps } from '../stamps.ts'
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

/** The endpoint says by id which network is meant, and the container is named by its id. */
const connect = onObject('network', 'id', async (request, network) => {
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

const disconnect = onObject('network', 'id', async (request) => {
  const body = bodyOf(request.checked)
  const { id } = await referred(request, 'container', textAt(body, 'Container'))
  return send(
    withBody(
      request.checked,
      edited(body, ['Container'], () => id),
    ),
  )
})

export const NETWORK_RULES: Partial<Record<OperationId, Rule>> = {
  NetworkCreate: create,
  NetworkInspect: onObject('network', 'id', (request) => send(request.checked, narrowed(request, networkInspect))),
  NetworkDelete: onObject('network', 'id', withoutServices),
  NetworkConnect: connect,
  NetworkDisconnect: disconnect,
}
