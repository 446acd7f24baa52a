import type { OperationId } from '../operations.ts'
import { ARCHIVE_PARAMETERS } from './archive.ts'
import { BUILD_PARAMETERS } from './build.ts'
import { CHECKPOINT_PARAMETERS } from './checkpoint.ts'
import { CONFIG_PARAMETERS } from './config.ts'
import { CONTAINER_PARAMETERS } from './container.ts'
import { EXEC_PARAMETERS } from './exec.ts'
import { IMAGE_PARAMETERS } from './image.ts'
import { NETWORK_PARAMETERS } from './network.ts'
import { PLUGIN_PARAMETERS } from './plugin.ts'
import { SECRET_PARAMETERS } from './secret.ts'
import { SERVICE_PARAMETERS } from './service.ts'
import { NODE_PARAMETERS, SWARM_PARAMETERS } from './swarm.ts'
import { SYSTEM_PARAMETERS } from './system.ts'
import type { Judgement, ParameterJudgements } from './types.ts'
import { VOLUME_PARAMETERS } from './volume.ts'

type ByName = ReadonlyMap<string, Judgement>

const PARAMETERS: Partial<Record<OperationId, ParameterJudgements>> = {
  ...ARCHIVE_PARAMETERS,
  ...BUILD_PARAMETERS,
  ...CHECKPOINT_PARAMETERS,
  ...CONFIG_PARAMETERS,
  ...CONTAINER_PARAMETERS,
  ...EXEC_PARAMETERS,
  ...IMAGE_PARAMETERS,
  ...NETWORK_PARAMETERS,
  ...NODE_PARAMETERS,
  ...PLUGIN_PARAMETERS,
  ...SECRET_PARAMETERS,
  ...SERVICE_PARAMETERS,
  ...SWARM_PARAMETERS,
  ...SYSTEM_PARAMETERS,
  ...VOLUME_PARAMETERS,
}

const ENTRIES = Object.entries(PARAMETERS) as Array<[OperationId, ParameterJudgements]>

/** Every query parameter that an operation has, those apart that are not forwarded. An operation without any is not here. */
export const QUERY_JUDGEMENTS: ReadonlyMap<OperationId, ByName> = judgements('query')

/** Every request header of an operation's own list, in lower case; a trailing `*` is a prefix. */
export const HEADER_JUDGEMENTS: ReadonlyMap<OperationId, ByName> = judgements('headers')

/** Path parameters that say more than which object is meant: a registry to dial, a directory of the host. */
export const PATH_JUDGEMENTS: ReadonlyMap<OperationId, ByName> = judgements('path')

/** Operations whose body is a tar archive, which is judged as a whole. */
export const STREAM_JUDGEMENTS: ReadonlyMap<OperationId, Judgement> = new Map(
  ENTRIES.flatMap(([id, { stream }]) => (stream === undefined ? [] : [[id, stream] as const])),
)

function judgements(place: 'query' | 'headers' | 'path'): ReadonlyMap<OperationId, ByName> {
  return new Map(
    ENTRIES.flatMap(([id, parameters]) => {
      const judged = parameters[place]
      return judged === undefined ? [] : [[id, new Map(Object.entries(judged))] as const]
    }),
  )
}
