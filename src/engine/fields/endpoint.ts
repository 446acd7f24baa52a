import { integer, object, string, stringMap, strings } from './make.ts'

/** How a container stands in a network: in create by the network's name, and in connect. */
export const ENDPOINT = object(
  {
    // Beats the key in EndpointsConfig and the network in connect's path, on every engine.
    NetworkID: string('workload.networks'),
    IPAMConfig: object({
      IPv4Address: string('workload.networks'),
      IPv6Address: string('workload.networks'),
      LinkLocalIPs: strings('workload.networks'),
    }),
    Links: strings('workload.networks'),
    Aliases: strings('workload.networks'),
    DNSNames: strings('workload.networks'),
    MacAddress: string('workload.networks'),
    GwPriority: integer('workload.networks'),
    // `com.docker.network.endpoint.sysctls` (Engine 27), and whatever a network plugin reads.
    DriverOpts: stringMap('host'),
    // What the engine reports; it reads none of these.
    EndpointID: string(),
    Gateway: string(),
    IPAddress: string(),
    IPPrefixLen: integer(),
    IPv6Gateway: string(),
    GlobalIPv6Address: string(),
    GlobalIPv6PrefixLen: integer(),
  },
  { judge: 'workload.networks' },
)
