import { NETWORK_ECHO } from './echo.ts'
import { op, recorded, unrecorded } from './op.ts'

const network = { kind: 'network', parameter: 'id' } as const

export const NETWORK_OPERATIONS = [
  op('NetworkList', 'GET', '/networks', 'read', { query: unrecorded('filters') }),
  // The one list that the engine routes with a trailing slash.
  op('NetworkListSlash', 'GET', '/networks/', 'read', { query: unrecorded('filters'), since: '1.25' }),
  op('NetworkInspect', 'GET', '/networks/{id+}', 'read', { object: network, query: recorded('scope', 'verbose') }),
  op('NetworkDelete', 'DELETE', '/networks/{id+}', 'delete', { object: network }),
  op('NetworkCreate', 'POST', '/networks/create', 'create', { body: 'json', query: NETWORK_ECHO }),
  op('NetworkConnect', 'POST', '/networks/{id+}/connect', 'lifecycle', { object: network, body: 'json' }),
  op('NetworkDisconnect', 'POST', '/networks/{id+}/disconnect', 'lifecycle', { object: network, body: 'json' }),
  op('NetworkPrune', 'POST', '/networks/prune', 'admin', { query: unrecorded('filters'), since: '1.25' }),
] as const
