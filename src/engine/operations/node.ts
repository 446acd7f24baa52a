import { NODE_ECHO } from './echo.ts'
import { op, recorded, unrecorded } from './op.ts'

const node = { kind: 'node', parameter: 'id' } as const

export const NODE_OPERATIONS = [
  op('NodeList', 'GET', '/nodes', 'read', { query: unrecorded('filters') }),
  op('NodeInspect', 'GET', '/nodes/{id}', 'read', { object: node }),
  op('NodeDelete', 'DELETE', '/nodes/{id}', 'admin', { object: node, query: recorded('force') }),
  op('NodeUpdate', 'POST', '/nodes/{id}/update', 'admin', {
    object: node,
    body: 'json',
    query: [...recorded('version'), ...NODE_ECHO],
  }),
] as const
