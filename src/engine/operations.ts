import { BUILD_OPERATIONS } from './operations/build.ts'
import { BUILDKIT_OPERATIONS } from './operations/buildkit.ts'
import { CHECKPOINT_OPERATIONS } from './operations/checkpoint.ts'
import { CONFIG_OPERATIONS } from './operations/config.ts'
import { CONTAINER_OPERATIONS } from './operations/container.ts'
import { DEBUG_OPERATIONS } from './operations/debug.ts'
import { EXEC_OPERATIONS } from './operations/exec.ts'
import { IMAGE_OPERATIONS } from './operations/image.ts'
import { NETWORK_OPERATIONS } from './operations/network.ts'
import { NODE_OPERATIONS } from './operations/node.ts'
import { PLUGIN_OPERATIONS } from './operations/plugin.ts'
import { SECRET_OPERATIONS } from './operations/secret.ts'
import { SERVICE_OPERATIONS } from './operations/service.ts'
import { SWARM_OPERATIONS } from './operations/swarm.ts'
import { SYSTEM_OPERATIONS } from './operations/system.ts'
import { TASK_OPERATIONS } from './operations/task.ts'
import { VOLUME_OPERATIONS } from './operations/volume.ts'
import type { OperationSpec } from './types.ts'

const TABLE = [
  ...SYSTEM_OPERATIONS,
  ...CONTAINER_OPERATIONS,
  ...CHECKPOINT_OPERATIONS,
  ...EXEC_OPERATIONS,
  ...IMAGE_OPERATIONS,
  ...BUILD_OPERATIONS,
  ...BUILDKIT_OPERATIONS,
  ...NETWORK_OPERATIONS,
  ...VOLUME_OPERATIONS,
  ...SWARM_OPERATIONS,
  ...NODE_OPERATIONS,
  ...SERVICE_OPERATIONS,
  ...TASK_OPERATIONS,
  ...SECRET_OPERATIONS,
  ...CONFIG_OPERATIONS,
  ...PLUGIN_OPERATIONS,
  ...DEBUG_OPERATIONS,
] as const

/** The operationId of every operation in the table; most are those of the Engine API's own document. */
export type OperationId = (typeof TABLE)[number]['id']

/** Every (method, path) that an engine of API 1.24 to 1.56 routes, documented or not. */
export const OPERATIONS: readonly OperationSpec[] = TABLE

/** The same operations by their id. */
export const OPERATION_BY_ID: ReadonlyMap<OperationId, OperationSpec> = new Map(
  OPERATIONS.map((spec) => [spec.id, spec]),
)
