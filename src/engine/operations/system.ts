import { op, recorded, repeated, unrecorded } from './op.ts'

export const SYSTEM_OPERATIONS = [
  op('SystemPing', 'GET', '/_ping', 'read'),
  op('SystemPingHead', 'HEAD', '/_ping', 'read', { since: '1.40' }),
  op('SystemInfo', 'GET', '/info', 'read'),
  op('SystemVersion', 'GET', '/version', 'read'),
  op('SystemEvents', 'GET', '/events', 'read-sensitive', {
    stream: 'response',
    query: [...recorded('since', 'until'), ...unrecorded('filters')],
  }),
  op('SystemDataUsage', 'GET', '/system/df', 'read', {
    query: [...recorded('verbose'), ...repeated(recorded('type'))],
    since: '1.25',
  }),
  op('SystemAuth', 'POST', '/auth', 'admin', { body: 'json' }),
  op('SystemOptions', 'OPTIONS', '/{anyroute+}', 'read'),
] as const
