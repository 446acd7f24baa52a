import { VOLUME_ECHO } from './echo.ts'
import { op, recorded, unrecorded } from './op.ts'

const volume = { kind: 'volume', parameter: 'name' } as const

export const VOLUME_OPERATIONS = [
  op('VolumeList', 'GET', '/volumes', 'read', { query: unrecorded('filters') }),
  op('VolumeCreate', 'POST', '/volumes/create', 'create', { body: 'json', query: VOLUME_ECHO }),
  op('VolumeInspect', 'GET', '/volumes/{name}', 'read', { object: volume }),
  op('VolumeUpdate', 'PUT', '/volumes/{name}', 'lifecycle', {
    object: volume,
    body: 'json',
    query: recorded('version'),
    since: '1.42',
  }),
  op('VolumeDelete', 'DELETE', '/volumes/{name}', 'delete', { object: volume, query: recorded('force') }),
  op('VolumePrune', 'POST', '/volumes/prune', 'admin', { query: unrecorded('filters'), since: '1.25' }),
] as const
