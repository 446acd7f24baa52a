import { each, harmless } from './make.ts'
import type { ParameterJudgements } from './types.ts'

export const BUILD_PARAMETERS = {
  ImageBuild: {
    query: {
      // The engine fetches it, as the host.
      remote: 'build.remotes',
      networkmode: 'build.networks',
      cgroupparent: 'host',
      t: 'build.tags',
      labels: 'workload.labels',
      buildargs: 'build.arguments',
      cachefrom: 'build.cacheFrom',
      outputs: 'build.outputs',
      // Whose files, secrets and credentials the build uses.
      session: 'host',
      // BuildCancel stops whoever has the same.
      buildid: 'objects',
      // 2 is BuildKit.
      version: 'build.entitlements',
      // Windows, where it may name credentials of the host; elsewhere the engine refuses it.
      securityopt: 'build.entitlements',
      ...each('build.limits', 'cpuperiod', 'cpuquota', 'cpusetcpus', 'cpusetmems', 'cpushares'),
      ...each('build.limits', 'memory', 'memswap', 'shmsize', 'ulimits'),
      // `extrahosts`: as ExtraHosts of a container. `isolation`: Windows.
      ...harmless('dockerfile', 'extrahosts', 'forcerm', 'isolation', 'nocache', 'platform', 'pull', 'q', 'rm'),
      ...harmless('squash', 'target'),
    },
    // Credentials, by registry, for whatever the Dockerfile names.
    headers: { 'x-registry-config': 'registries.pull' },
    // What runs in a build is bounded by its query; of the context itself only the size is.
    stream: 'build.limits',
  },
  BuildPrune: {
    query: {
      // Labels among the filters are taken and ignored: build cache has no owner.
      filters: 'objects',
      ...harmless('all', 'keep-storage', 'max-used-space', 'min-free-space', 'reserved-space'),
    },
  },
  BuildCancel: { query: { id: 'objects' } },
  // The tunnel is opaque; these say whose session it is, and what the engine may ask back.
  Session: {
    headers: {
      ...each('host', 'x-docker-expose-session-uuid', 'x-docker-expose-session-sharedkey'),
      'x-docker-expose-session-grpc-method': 'host',
      ...harmless('x-docker-expose-session-name', 'x-buildkit-session-health-*'),
    },
  },
} as const satisfies Record<string, ParameterJudgements>
