import { boolean, integer, list, map, object, objectOf, string, stringMap, strings, words } from './make.ts'
import { MOUNTS } from './mount.ts'
import { RESOURCE_ALIASES, RESOURCES, RESTART_POLICY } from './resources.ts'
import type { Field } from './types.ts'

const LOG_CONFIG = objectOf('workload.logDrivers', {
  Type: string('workload.logDrivers'),
  // Addresses that the engine dials as the host, sockets of the host among them.
  Config: stringMap('workload.logDrivers'),
})

const PORT_BINDINGS = map(
  list(object({ HostIp: string('workload.ports'), HostPort: string('workload.ports') }), 'workload.ports'),
  'workload.ports',
)

const FIELDS: Readonly<Record<string, Field>> = {
  ...RESOURCES,

  // Storage. An entry of Binds whose source is no path names a volume: `workload.mounts` sees both kinds.
  Binds: strings('workload.mounts'),
  Mounts: MOUNTS,
  Tmpfs: stringMap('workload.tmpfs'),
  VolumeDriver: string('workload.volumes', ['local']),
  // All mounts of another container, those of the host included.
  VolumesFrom: strings('host'),
  StorageOpt: stringMap('host'),
  ReadonlyRootfs: boolean(),
  ShmSize: integer('workload.limits'),

  // Network.
  NetworkMode: string('workload.networks', ['none']),
  PortBindings: PORT_BINDINGS,
  PublishAllPorts: boolean('workload.ports'),
  // Reaches another container; engines up to 28 copy its environment into this one.
  Links: strings('workload.networks'),
  // The container's own resolver files, which it may write itself.
  Dns: strings(),
  DnsOptions: strings(),
  DnsSearch: strings(),
  // `host-gateway` names an address that the container reaches without a name too.
  ExtraHosts: strings(),

  // Namespaces, capabilities, isolation.
  Privileged: boolean('workload.privileged'),
  CapAdd: words('workload.capabilities'),
  CapDrop: words(),
  // Exactly these, in API 1.40 alone.
  Capabilities: strings('workload.capabilities'),
  PidMode: string('workload.hostNamespaces'),
  IpcMode: string('workload.hostNamespaces', ['none', 'private']),
  UTSMode: string('workload.hostNamespaces'),
  UsernsMode: string('workload.hostNamespaces'),
  CgroupnsMode: string('workload.hostNamespaces', ['private']),
  Cgroup: string('workload.hostNamespaces'),
  SecurityOpt: strings('workload.securityOptions'),
  // An empty list lifts every mask; null leaves the engine's own.
  MaskedPaths: strings('workload.securityOptions', { emptyMatters: true }),
  ReadonlyPaths: strings('workload.securityOptions', { emptyMatters: true }),
  Sysctls: stringMap('workload.sysctls'),
  GroupAdd: strings('workload.user'),
  Runtime: string('workload.runtimes'),
  // Read by the runtime: crun, Kata Containers and gVisor change the isolation by them.
  Annotations: stringMap('host'),
  // Windows; on Linux the engine takes the default alone.
  Isolation: string(),
  // A program of the host that becomes the container's first process (API 1.25 to 1.28).
  InitPath: string('host'),
  Init: boolean(),
  OomScoreAdj: integer('workload.limits'),
  // API 1.56: of the container's first process, which may set it itself.
  Umask: integer(),

  // Life.
  AutoRemove: boolean('workload.autoRemove'),
  RestartPolicy: RESTART_POLICY,
  LogConfig: LOG_CONFIG,

  // The client's own business.
  ContainerIDFile: string(),
  ConsoleSize: list(integer()),
}

export const HOST_CONFIG = object(FIELDS, {
  aliases: RESOURCE_ALIASES,
  // docker-java 3.
  ignored: ['DiskQuota', 'LxcConf'],
})
