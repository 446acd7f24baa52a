import type { OperationId } from '../engine/operations.ts'

/** A named set of operations for `allow`, where an access class is too coarse for a common job. */
export interface OperationGroup {
  readonly meaning: string
  readonly operations: readonly OperationId[]
}

/**
 * `run` holds attach without standard input only: typing into a container is `exec`. Pruning is `admin`, swarm's
 * cluster volumes (VolumeUpdate) and checkpoints (a directory of the host) are no part of running a container.
 */
export const GROUPS = {
  run: {
    meaning: 'beside read: what docker run, start, stop, rm and logs and Compose need; without standard input',
    operations: [
      'ContainerCreate',
      'ContainerStart',
      'ContainerStop',
      'ContainerRestart',
      'ContainerKill',
      'ContainerPause',
      'ContainerUnpause',
      'ContainerRename',
      'ContainerUpdate',
      'ContainerResize',
      'ContainerWait',
      'ContainerAttach',
      'ContainerLogs',
      'ContainerDelete',
      'ImageCreate',
      'NetworkCreate',
      'NetworkConnect',
      'NetworkDisconnect',
      'NetworkDelete',
      'VolumeCreate',
      'VolumeDelete',
    ],
  },
} as const satisfies Record<string, OperationGroup>

export type GroupName = keyof typeof GROUPS
