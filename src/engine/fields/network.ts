import { ENDPOINT } from './endpoint.ts'
import { boolean, harmless, list, object, objectOf, string, stringMap } from './make.ts'
import type { ParameterJudgements } from './types.ts'

const POOL = object(
  {
    // The host gets a route into it: it may hide a part of the LAN, or 169.254.169.254.
    Subnet: string('workload.networks'),
    Gateway: string('workload.networks'),
    IPRange: string('workload.networks'),
    AuxiliaryAddresses: stringMap('workload.networks'),
  },
  // docker-java 3.
  { ignored: ['NetworkID'] },
)

const IPAM = objectOf('workload.networks', {
  Driver: string('workload.networks', ['default']),
  Options: stringMap('workload.networks'),
  Config: list(POOL, 'workload.networks'),
})

export const NETWORK_CREATE = object(
  {
    // It may hide another network's short id, and before Engine 25 be taken twice.
    Name: string('workload.networks'),
    // Everything but a bridge reaches the host's own networks, or other hosts.
    Driver: string('workload.networks', ['bridge']),
    // Among them the host's interfaces to take over and the filtering to switch off.
    Options: stringMap('host'),
    IPAM,
    Labels: stringMap('workload.labels'),
    Internal: boolean(),
    Attachable: boolean('workload.networks'),
    // The swarm's routing mesh, of which there is one.
    Ingress: boolean('host'),
    Scope: string('workload.networks', ['local']),
    ConfigOnly: boolean('workload.networks'),
    ConfigFrom: objectOf('workload.networks', { Network: string('workload.networks') }),
    EnableIPv4: boolean(),
    EnableIPv6: boolean('workload.networks'),
    // Always true from API 1.44.
    CheckDuplicate: boolean(),
  },
  // docker-java 3 writes both.
  { aliases: { enableIPv6: 'EnableIPv6' } },
)

export const NETWORK_CONNECT = object(
  { Container: string('objects'), EndpointConfig: ENDPOINT },
  // docker-java 3: EndpointConfig once more.
  { ignored: ['containerConfig'] },
)

export const NETWORK_DISCONNECT = object({ Container: string('objects'), Force: boolean() })

export const NETWORK_PARAMETERS = {
  NetworkList: { query: { filters: 'objects' } },
  NetworkListSlash: { query: { filters: 'objects' } },
  NetworkInspect: { query: harmless('scope', 'verbose') },
  NetworkPrune: { query: { filters: 'objects' } },
} as const satisfies Record<string, ParameterJudgements>
