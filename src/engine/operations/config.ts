import { SECRET_ECHO } from './echo.ts'
import { op, recorded, unrecorded } from './op.ts'

const config = { kind: 'config', parameter: 'id' } as const

export const CONFIG_OPERATIONS = [
  op('ConfigList', 'GET', '/configs', 'read-sensitive', { query: unrecorded('filters'), since: '1.30' }),
  op('ConfigCreate', 'POST', '/configs/create', 'create', { body: 'json', query: SECRET_ECHO, since: '1.30' }),
  op('ConfigInspect', 'GET', '/configs/{id}', 'read-sensitive', { object: config, since: '1.30' }),
  op('ConfigDelete', 'DELETE', '/configs/{id}', 'delete', { object: config, since: '1.30' }),
  op('ConfigUpdate', 'POST', '/configs/{id}/update', 'lifecycle', {
    object: config,
    body: 'json',
    query: [...recorded('version'), ...SECRET_ECHO],
    since: '1.30',
  }),
] as const
