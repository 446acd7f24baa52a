import { SERVICE_ECHO } from './echo.ts'
import { op, recorded, unrecorded } from './op.ts'

const service = { kind: 'service', parameter: 'id' } as const

export const SERVICE_OPERATIONS = [
  op('ServiceList', 'GET', '/services', 'read', { query: [...recorded('status'), ...unrecorded('filters')] }),
  op('ServiceCreate', 'POST', '/services/create', 'create', { body: 'json', headers: ['x-registry-auth'] }),
  op('ServiceInspect', 'GET', '/services/{id}', 'read', { object: service, query: recorded('insertDefaults') }),
  op('ServiceDelete', 'DELETE', '/services/{id}', 'delete', { object: service }),
  op('ServiceUpdate', 'POST', '/services/{id}/update', 'lifecycle', {
    object: service,
    body: 'json',
    query: [...recorded('registryAuthFrom', 'rollback', 'version'), ...SERVICE_ECHO],
    headers: ['x-registry-auth'],
  }),
  op('ServiceLogs', 'GET', '/services/{id}/logs', 'read-sensitive', {
    object: service,
    stream: 'response',
    query: recorded('details', 'follow', 'since', 'stderr', 'stdout', 'tail', 'timestamps'),
    since: '1.25',
  }),
] as const
