import { op, recorded, unrecorded } from './op.ts'

const task = { kind: 'task', parameter: 'id' } as const

export const TASK_OPERATIONS = [
  op('TaskList', 'GET', '/tasks', 'read', { query: unrecorded('filters') }),
  op('TaskInspect', 'GET', '/tasks/{id}', 'read', { object: task }),
  op('TaskLogs', 'GET', '/tasks/{id}/logs', 'read-sensitive', {
    object: task,
    stream: 'response',
    query: recorded('details', 'follow', 'since', 'stderr', 'stdout', 'tail', 'timestamps'),
    since: '1.29',
  }),
] as const
