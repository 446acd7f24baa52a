import { SWARM_ECHO } from './echo.ts'
import { ignored, op, recorded } from './op.ts'

export const SWARM_OPERATIONS = [
  op('SwarmInspect', 'GET', '/swarm', 'admin'),
  op('SwarmInit', 'POST', '/swarm/init', 'admin', { body: 'json' }),
  op('SwarmJoin', 'POST', '/swarm/join', 'admin', { body: 'json' }),
  op('SwarmLeave', 'POST', '/swarm/leave', 'admin', { query: recorded('force') }),
  op('SwarmUpdate', 'POST', '/swarm/update', 'admin', {
    body: 'json',
    // `rotateWorkertoken`: docker-java 3, in this spelling.
    query: [
      ...recorded('rotateManagerToken', 'rotateManagerUnlockKey', 'rotateWorkerToken', 'version'),
      ...ignored('rotateWorkertoken'),
      ...SWARM_ECHO,
    ],
  }),
  op('SwarmUnlockkey', 'GET', '/swarm/unlockkey', 'admin', { since: '1.25' }),
  op('SwarmUnlock', 'POST', '/swarm/unlock', 'admin', { body: 'json', since: '1.25' }),
] as const
