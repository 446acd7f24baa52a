import { op, recorded, repeated, unrecorded } from './op.ts'

export const BUILD_OPERATIONS = [
  op('ImageBuild', 'POST', '/build', 'build', {
    stream: 'both',
    body: 'tar',
    query: [
      ...recorded('forcerm', 'isolation', 'nocache', 'platform', 'pull', 'rm', 'squash', 'target', 'version'),
      ...recorded('cpuperiod', 'cpuquota', 'cpusetcpus', 'cpusetmems', 'cpushares', 'memory', 'memswap', 'shmsize'),
      ...recorded('cgroupparent', 'networkmode'),
      ...repeated(recorded('t')),
      ...unrecorded('buildargs', 'buildid', 'cachefrom', 'dockerfile', 'labels', 'outputs', 'q', 'remote'),
      // Whoever knows a session's id may use its secrets and files in a build of their own.
      ...unrecorded('session', 'ulimits'),
      ...repeated(unrecorded('extrahosts', 'securityopt')),
    ],
    headers: ['x-registry-config'],
  }),
  op('BuildPrune', 'POST', '/build/prune', 'admin', {
    query: [
      ...recorded('all', 'keep-storage', 'max-used-space', 'min-free-space', 'reserved-space'),
      ...unrecorded('filters'),
    ],
    since: '1.31',
  }),
  op('BuildCancel', 'POST', '/build/cancel', 'build', {
    object: { kind: 'build', parameter: 'id' },
    query: recorded('id'),
    since: '1.38',
  }),
] as const
