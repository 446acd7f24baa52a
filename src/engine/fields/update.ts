import { boolean, integer, object } from './make.ts'
import { RESOURCE_ALIASES, RESOURCES, RESTART_POLICY } from './resources.ts'

/**
 * The engine leaves what is zero as it was, PidsLimit apart: 0 lifts the limit. What it does not apply (devices, ulimits,
 * the cgroup) is judged as at create, in case a later engine does.
 */
export const CONTAINER_UPDATE = object(
  {
    ...RESOURCES,
    PidsLimit: integer('workload.limits', { emptyMatters: true }),
    RestartPolicy: RESTART_POLICY,
    Init: boolean(),
  },
  { aliases: RESOURCE_ALIASES },
)
