import type { OperationId } from '../engine/operations.ts'
import type { Rule } from './request.ts'
import { BUILD_RULES } from './rules/build.ts'
import { CONTAINER_RULES } from './rules/containers.ts'
import { CREATE_RULES } from './rules/create.ts'
import { IMAGE_DELETE_RULES } from './rules/image-delete.ts'
import { IMAGE_LOAD_RULES } from './rules/image-load.ts'
import { IMAGE_RULES } from './rules/images.ts'
import { LIST_RULES } from './rules/lists.ts'
import { NETWORK_RULES } from './rules/networks.ts'
import { PRUNE_RULES } from './rules/prune.ts'
import { SERVICE_RULES } from './rules/services.ts'
import { SWARM_RULES } from './rules/swarm.ts'
import { VOLUME_RULES } from './rules/volumes.ts'

/** What becomes of each operation under a role with objects of its own; one that is not here is refused. */
export const RULES: Partial<Record<OperationId, Rule>> = {
  ...CONTAINER_RULES,
  ...CREATE_RULES,
  ...NETWORK_RULES,
  ...PRUNE_RULES,
  ...VOLUME_RULES,
  ...SERVICE_RULES,
  ...SWARM_RULES,
  ...LIST_RULES,
  ...IMAGE_RULES,
  ...IMAGE_DELETE_RULES,
  ...IMAGE_LOAD_RULES,
  ...BUILD_RULES,
}
