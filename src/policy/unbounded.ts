import type { OperationId } from '../engine/operations.ts'
import type { Principal } from '../identity/principal.ts'
import type { WorkloadProfile } from './profile/types.ts'
import type { Role } from './types.ts'

/** One reason why a role is unbounded. */
export interface WayToRoot {
  /** The operation, and where the role has to allow more than that, the key of the role: `workload.mounts`. */
  readonly by: string
  readonly why: string
}

type Parts = Pick<Role, 'operations' | 'elevated' | 'profile' | 'observe'>

/** The operations that make their caller root on the host, or as good as root, whatever they are asked for. */
const OPERATIONS = {
  Session: 'carries BuildKit, which may be asked for insecure builds',
  Grpc: 'carries BuildKit, which may be asked for insecure builds',
  SwarmInit: "makes the host a swarm's manager",
  SwarmJoin: "puts the host under another swarm's managers",
  SwarmUpdate: "changes the swarm's certificate authority",
  SwarmInspect: 'shows the tokens with which a manager joins',
  NodeUpdate: 'makes a node a manager',
  PluginPull: 'a plugin runs as root on the host',
  PluginUpgrade: 'a plugin runs as root on the host',
  PluginCreate: 'a plugin runs as root on the host',
  PluginEnable: 'a plugin runs as root on the host',
  PluginSet: 'changes what a plugin mounts and which devices it has',
} as const satisfies Partial<Record<OperationId, string>>

/** Operations that start what the workload describes. */
const STARTERS: readonly OperationId[] = ['ContainerCreate', 'ServiceCreate', 'ServiceUpdate']

/** Operations that reach into a container, whoever made it. */
const REACHERS: readonly OperationId[] = ['ContainerExec', 'ExecStart', 'PutContainerArchive']

/** Nobody: patterns with variables match nothing of him. */
const NOBODY: Principal = { issuer: '', subject: '', claims: {}, certificate: null, expiresAt: 0 }

const PATHS_OF_ROOT = [
  '/',
  '/etc',
  '/root',
  '/usr',
  '/run',
  '/run/docker.sock',
  '/var/run/docker.sock',
  '/var/lib/docker',
]
const DEVICES_OF_ROOT = ['/dev/mem', '/dev/sda', '/dev/vda', '/dev/nvme0n1', '/dev/dm-0', '/dev/fuse', '/dev/kvm']
/** Those with which a process leaves its container (capabilities(7)). */
const CAPABILITIES_OF_ROOT = [
  'ALL',
  'SYS_ADMIN',
  'SYS_MODULE',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_BOOT',
  'DAC_READ_SEARCH',
  'BPF',
]

/** Why the role is unbounded; empty when it is not. */
export function waysToRoot({ operations, profile, observe }: Parts): WayToRoot[] {
  const ways: WayToRoot[] = []
  if (observe) ways.push({ by: 'observe', why: 'what the role would refuse is let through' })
  const { workload, exec } = profile
  const starter = STARTERS.find((id) => operations.has(id))
  if (starter !== undefined && workload !== null) {
    ways.push(...waysOfWorkload(workload).map(([key, why]) => ({ by: `${starter} with workload.${key}`, why })))
  }
  if (exec?.privileged && operations.has('ContainerExec')) {
    ways.push({ by: 'ContainerExec with exec.privileged', why: 'a privileged process is root on the host' })
  }
  for (const [operation, why] of Object.entries(OPERATIONS)) {
    if (operations.has(operation as OperationId)) ways.push({ by: operation, why })
  }
  return ways
}

/** Operations of the role that act inside containers, also those that somebody with more rights has made. */
export function reachesOthers({
  operations,
  elevated,
  objects,
}: Pick<Role, 'operations' | 'elevated' | 'objects'>): OperationId[] {
  return objects !== null ? [] : [...REACHERS.filter((id) => operations.has(id)), ...elevated]
}

function waysOfWorkload(workload: WorkloadProfile): [key: keyof WorkloadProfile & string, why: string][] {
  const ways: [boolean, keyof WorkloadProfile & string, string][] = [
    [workload.privileged, 'privileged', 'a privileged container is root on the host'],
    [
      workload.mounts.some(
        ({ source, readOnly }) => !readOnly && PATHS_OF_ROOT.some((path) => source.matches(path, NOBODY)),
      ),
      'mounts',
      'a container may write to files that the host runs or trusts',
    ],
    [
      CAPABILITIES_OF_ROOT.some((name) => workload.capabilities.has(name)),
      'capabilities',
      'a container may be given what it takes to leave it',
    ],
    [
      workload.devices.some(({ path }) => DEVICES_OF_ROOT.some((device) => path.matches(device, NOBODY))),
      'devices',
      "a container may be given the host's memory or disks",
    ],
    [workload.hostNamespaces.has('pid'), 'hostNamespaces', "a container may see and signal the host's processes"],
    [workload.hostFields.length > 0, 'hostFields', 'fields that reach the host itself'],
    [workload.unknownFields.length > 0, 'unknownFields', 'fields of which nobody here knows what they do'],
  ]
  return ways.flatMap(([open, key, why]) => (open ? [[key, why] as [typeof key, string]] : []))
}
