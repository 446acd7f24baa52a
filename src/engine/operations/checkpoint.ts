import { op, unrecorded } from './op.ts'

const container = { kind: 'container', parameter: 'id' } as const

export const CHECKPOINT_OPERATIONS = [
  op('CheckpointList', 'GET', '/containers/{id}/checkpoints', 'read', {
    object: container,
    query: unrecorded('dir'),
    since: '1.25',
  }),
  op('CheckpointCreate', 'POST', '/containers/{id}/checkpoints', 'create', {
    object: container,
    body: 'json',
    since: '1.25',
  }),
  op('CheckpointDelete', 'DELETE', '/containers/{id}/checkpoints/{checkpoint}', 'delete', {
    object: container,
    query: unrecorded('dir'),
    since: '1.25',
  }),
] as const
