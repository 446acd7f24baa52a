import type { OperationId } from '../engine/operations.ts'
import type { Role } from './types.ts'

/**
 * The operations that make their caller root on the host, or as good as root, as long as nobody judges what their
 * bodies ask for; with the shortest way there. They come from the classes create, lifecycle, exec, build, buildkit and
 * admin; reading, deleting and transferring are no such way, however much harm they may do.
 */
const WAYS_TO_ROOT = {
  ContainerCreate: 'a container may be privileged or mount any path of the host',
  ContainerUpdate: 'lifts the limits of a container',
  ContainerExec: 'runs commands, privileged ones too, in every container',
  PutContainerArchive: 'writes into every container and what it mounts',
  ServiceCreate: 'a service may mount any path of the host',
  ServiceUpdate: 'a service may be given any path of the host',
  CheckpointCreate: 'writes into any directory of the host as root',
  ImageBuild: "build steps run as root, in the host's network when asked",
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

/** One reason why a role is unbounded. */
export interface WayToRoot {
  readonly operation: OperationId
  readonly why: string
}

const ENTRIES = Object.entries(WAYS_TO_ROOT) as readonly [OperationId, string][]

/** Why the role is unbounded, in the order of the table; empty when it is not. */
export function waysToRoot(role: Pick<Role, 'operations' | 'elevated'>): WayToRoot[] {
  const ways = ENTRIES.filter(([operation]) => role.operations.has(operation)).map(([operation, why]) => ({
    operation,
    why,
  }))
  const typed = [...role.elevated].map((operation) => ({ operation, why: 'types into every container' }))
  return [...ways, ...typed]
}
