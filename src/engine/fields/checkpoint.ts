import { boolean, object, string } from './make.ts'
import type { ParameterJudgements } from './types.ts'

/** Both name a directory of the host, which root makes and writes. */
export const CHECKPOINT_CREATE = object({
  CheckpointDir: string('host'),
  CheckpointID: string('host'),
  Exit: boolean(),
})

export const CHECKPOINT_PARAMETERS = {
  CheckpointList: { query: { dir: 'host' } },
  // Removes a directory tree as root.
  CheckpointDelete: { query: { dir: 'host' }, path: { checkpoint: 'host' } },
} as const satisfies Record<string, ParameterJudgements>
