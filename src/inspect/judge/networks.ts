import { matchesAny } from '../../policy/profile/pattern.ts'
import type { FieldValue } from '../fields.ts'
import { finding, listing, shown, unlessHostField } from './findings.ts'
import { judgeHostNamespace } from './host-namespaces.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { entries, items, lastName, member, textOf, wholeOf } from './values.ts'

/** Where a container is that asks for no network, and where it is alone. */
const WITHOUT_ASKING: ReadonlySet<string> = new Set(['', 'default', 'bridge', 'none'])

/** With these a container stands for another one on its network. */
const IDENTITY = ['MacAddress', 'Links', 'IPAMConfig'] as const

/** Networks that containers and services join, how they stand in them, and networks that are made. */
export const judgeNetworks: WorkloadJudge = (fields, context) => [
  ...judgeConnect(context),
  ...fields.flatMap((field) => judge(field, context)),
]

function judge(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  switch (field.name) {
    case 'HostConfig.NetworkMode':
      return judgeNetwork(field, textOf(field), context)
    case 'NetworkingConfig.EndpointsConfig':
      return entries(field).flatMap(([name, endpoint]) => [
        ...judgeNetwork(endpoint, name, context),
        ...judgeEndpoint(endpoint, name, context),
      ])
    case 'EndpointConfig':
      return judgeEndpoint(field, connectedTo(context), context)
    case 'MacAddress':
      return judgeIdentity(field, textOf(member(wholeOf(context.body), 'HostConfig', 'NetworkMode')), context)
    case 'HostConfig.Links':
      return unlessHostField(field, shown(field.value), 'other containers are not bounded by networks', context)
    case 'TaskTemplate.Networks':
    case 'Networks':
      return items(field).flatMap((attachment) => judgeAttachment(member(attachment, 'Target'), context))
    default:
      return judgeMade(field, context)
  }
}

/** A member of the body of NetworkCreate. */
function judgeMade(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  switch (lastName(field)) {
    case 'Name':
      return judgeListed(field, textOf(field), context)
    // What they change is the network that is made, and the name of that is allowed.
    case 'Attachable':
    case 'EnableIPv6':
      return []
    default:
      return unlessHostField(field, shown(field.value), 'it reaches beyond a bridge with addresses of its own', context)
  }
}

function connectedTo({ operation }: WorkloadContext): string {
  return operation.params.id ?? ''
}

/** The network in the path of NetworkConnect. */
function judgeConnect(context: WorkloadContext): readonly Finding[] {
  if (context.operation.spec.id !== 'NetworkConnect') return []
  const name = connectedTo(context)
  return judgeNetwork({ path: '(network)', name: '(network)', value: name }, name, context)
}

function judgeNetwork(field: FieldValue, name: string, context: WorkloadContext): readonly Finding[] {
  if (WITHOUT_ASKING.has(name)) return []
  if (name === 'host') return judgeHostNamespace({ ...field, value: name }, 'network', context)
  if (name.includes(':')) {
    return unlessHostField(field, shown(name), 'a namespace by container or path is not bounded by networks', context)
  }
  // By its id the host's network is no way to it: engines of today do not start that, and 20.10 starts it in a namespace
  // with nothing in it. So whoever may join every network may name one by id.
  if (isHex(name) && !isWritten('*', context) && !isWritten(name, context)) {
    return [finding(field, shown(name), 'networks', 'it may be the id of any network: use its name')]
  }
  return judgeListed(field, name, context)
}

/**
 * The network of a service, in which swarm takes ids for every network, the host's among them. Ids and what they begin
 * with are made of lower-case letters and digits.
 */
function judgeAttachment(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const name = textOf(field)
  const mayBeId = /^[0-9a-z]{1,64}$/.test(name) && name !== 'host' && !WITHOUT_ASKING.has(name)
  if (!mayBeId || isWritten(name, context)) return judgeNetwork(field, name, context)
  if (isWritten('*', context) && context.workload.hostNamespaces.has('network')) return []
  return [
    finding(
      field,
      shown(name),
      'networks',
      "it may be an id, of the host's network too: use a name that the role lists",
    ),
  ]
}

function isHex(name: string): boolean {
  return /^[0-9a-f]+$/.test(name)
}

/** Whether the role has exactly this, rather than a pattern that has it. */
function isWritten(text: string, { workload: { networks } }: WorkloadContext): boolean {
  return networks.some((pattern) => pattern.text === text)
}

function judgeListed(field: FieldValue, name: string, context: WorkloadContext): readonly Finding[] {
  return isListed(name, context) ? [] : [finding(field, shown(name), 'networks', lists(context))]
}

function isListed(name: string, { workload, principal }: WorkloadContext): boolean {
  return matchesAny(workload.networks, name, principal)
}

function lists({ workload }: WorkloadContext): string {
  return listing('networks', workload.networks)
}

/** How a container stands in a network. Names for it are for the network's members, whom the role allows to meet. */
function judgeEndpoint(endpoint: FieldValue, network: string, context: WorkloadContext): readonly Finding[] {
  const id = member(endpoint, 'NetworkID')
  const why = 'it takes the place of the network that is named, whichever that is'
  return [
    ...(textOf(id) === '' ? [] : unlessHostField(id, shown(id.value), why, context)),
    ...IDENTITY.map((name) => member(endpoint, name))
      .filter(asks)
      .flatMap((field) => judgeIdentity(field, network, context)),
  ]
}

function asks(field: FieldValue): boolean {
  if (textOf(field) !== '' || items(field).length > 0) return true
  return entries(field).some(([, inner]) => asks(inner))
}

/** In the engine's own networks, where everybody is, a role has to list the network for it. */
function judgeIdentity(field: FieldValue, network: string, context: WorkloadContext): readonly Finding[] {
  const name = network === '' || network === 'default' ? 'bridge' : network
  if (!WITHOUT_ASKING.has(network) || isListed(name, context)) return []
  return [finding(field, shown(field.value), 'networks', `it needs the network ${shown(name)}; ${lists(context)}`)]
}
