import { SECRET_ECHO } from './echo.ts'
import { op, recorded, unrecorded } from './op.ts'

const secret = { kind: 'secret', parameter: 'id' } as const

export const SECRET_OPERATIONS = [
  op('SecretList', 'GET', '/secrets', 'read', { query: unrecorded('filters'), since: '1.25' }),
  op('SecretCreate', 'POST', '/secrets/create', 'create', { body: 'json', query: SECRET_ECHO, since: '1.25' }),
  op('SecretInspect', 'GET', '/secrets/{id}', 'read-sensitive', { object: secret, since: '1.25' }),
  op('SecretDelete', 'DELETE', '/secrets/{id}', 'delete', { object: secret, since: '1.25' }),
  op('SecretUpdate', 'POST', '/secrets/{id}/update', 'lifecycle', {
    object: secret,
    body: 'json',
    query: [...recorded('version'), ...SECRET_ECHO],
    since: '1.25',
  }),
] as const
