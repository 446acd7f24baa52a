import type { OperationId } from '../operations.ts'
import { CONTAINER_COPY } from './archive.ts'
import { CHECKPOINT_CREATE } from './checkpoint.ts'
import { CONFIG_CREATE, CONFIG_UPDATE } from './config.ts'
import { CONTAINER_CREATE } from './container.ts'
import { CONTAINER_EXEC, EXEC_START } from './exec.ts'
import { IMAGE_COMMIT } from './image.ts'
import { NETWORK_CONNECT, NETWORK_CREATE, NETWORK_DISCONNECT } from './network.ts'
import { PLUGIN_PRIVILEGES, PLUGIN_SETTINGS } from './plugin.ts'
import { SECRET_CREATE, SECRET_UPDATE } from './secret.ts'
import { SERVICE_CREATE, SERVICE_UPDATE } from './service.ts'
import { NODE_UPDATE, SWARM_INIT, SWARM_JOIN, SWARM_UNLOCK, SWARM_UPDATE } from './swarm.ts'
import { SYSTEM_AUTH } from './system.ts'
import type { ListField, ObjectField } from './types.ts'
import { CONTAINER_UPDATE } from './update.ts'
import { VOLUME_CREATE, VOLUME_UPDATE } from './volume.ts'

/** The fields of every JSON body, by operation: what an engine of API 1.24 to 1.56 reads of it, and how each is judged. */
export const BODY_FIELDS: ReadonlyMap<OperationId, ObjectField | ListField> = new Map<
  OperationId,
  ObjectField | ListField
>([
  ['CheckpointCreate', CHECKPOINT_CREATE],
  ['ConfigCreate', CONFIG_CREATE],
  ['ConfigUpdate', CONFIG_UPDATE],
  ['ContainerCopy', CONTAINER_COPY],
  ['ContainerCreate', CONTAINER_CREATE],
  ['ContainerExec', CONTAINER_EXEC],
  ['ContainerUpdate', CONTAINER_UPDATE],
  ['ExecStart', EXEC_START],
  ['ImageCommit', IMAGE_COMMIT],
  ['NetworkConnect', NETWORK_CONNECT],
  ['NetworkCreate', NETWORK_CREATE],
  ['NetworkDisconnect', NETWORK_DISCONNECT],
  ['NodeUpdate', NODE_UPDATE],
  ['PluginPull', PLUGIN_PRIVILEGES],
  ['PluginSet', PLUGIN_SETTINGS],
  ['PluginUpgrade', PLUGIN_PRIVILEGES],
  ['SecretCreate', SECRET_CREATE],
  ['SecretUpdate', SECRET_UPDATE],
  ['ServiceCreate', SERVICE_CREATE],
  ['ServiceUpdate', SERVICE_UPDATE],
  ['SwarmInit', SWARM_INIT],
  ['SwarmJoin', SWARM_JOIN],
  ['SwarmUnlock', SWARM_UNLOCK],
  ['SwarmUpdate', SWARM_UPDATE],
  ['SystemAuth', SYSTEM_AUTH],
  ['VolumeCreate', VOLUME_CREATE],
  ['VolumeUpdate', VOLUME_UPDATE],
])
