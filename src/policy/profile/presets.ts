import type { z } from 'zod'
import { type PresetName, type ProfileConfig, profileSchema, ULIMITS } from '../../config/profile-schema.ts'

/** A role as far as it is written: what it allows to be done, and the parts that bound it. */
export type RoleParts = ProfileConfig & { readonly allow?: readonly string[] | undefined }

/** A role that ships with the program, for `extends`. */
export interface Preset {
  readonly meaning: string
  readonly parts: RoleParts
}

const PARTS = ['workload', 'exec', 'build', 'registries', 'archive'] as const satisfies readonly (keyof ProfileConfig)[]

/**
 * A role built on another one. `allow` of the role, where it has one, stands instead of the base's. A part such as
 * `workload` has the base's keys, each replaced whole by the role's key of the same name: lists are never joined, and
 * nothing below a key is merged, so whoever reads a key in the configuration sees all of it.
 */
export function extendRole(base: RoleParts, role: RoleParts): RoleParts {
  const merged: RoleParts = { ...base, ...role }
  for (const part of PARTS) {
    if (base[part] !== undefined && role[part] !== undefined) merged[part] = { ...base[part], ...role[part] }
  }
  return merged
}

/** As an operator would write it in the configuration. */
function preset(meaning: string, allow: readonly string[], parts: z.input<typeof profileSchema>): Preset {
  return { meaning, parts: { allow, ...profileSchema.parse(parts) } }
}

const HUB = 'docker.io/**'
const UNLIMITED = 'unlimited'
const EVERY_ULIMIT = Object.fromEntries(ULIMITS.map((name) => [name, UNLIMITED]))
const EVERY_PORT = ['tcp', 'udp', 'sctp'].flatMap((protocol) => [`0/${protocol}`, `1-65535/${protocol}`])

const operator: z.input<typeof profileSchema> = {
  workload: {
    images: ['**'],
    mounts: [
      {
        source: '/**',
        readOnly: false,
        propagation: ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'],
      },
    ],
    volumes: ['*'],
    tmpfs: { size: UNLIMITED, options: ['exec', 'suid', 'dev'] },
    networks: ['*'],
    capabilities: ['ALL'],
    devices: [{ path: '/dev/**' }],
    gpus: { count: UNLIMITED, devices: ['*'], drivers: ['*'] },
    hostNamespaces: ['network', 'pid', 'ipc', 'uts', 'user', 'cgroup'],
    privileged: true,
    runtimes: ['*'],
    securityOptions: ['*'],
    sysctls: ['*'],
    ports: EVERY_PORT,
    user: 'any',
    logDrivers: ['*'],
    restart: ['on-failure', 'unless-stopped', 'always'],
    limits: {
      memory: UNLIMITED,
      memorySwap: UNLIMITED,
      cpus: UNLIMITED,
      pids: UNLIMITED,
      shmSize: UNLIMITED,
      stopTimeout: UNLIMITED,
      ulimits: EVERY_ULIMIT,
    },
    labels: {},
    autoRemove: true,
    hostFields: ['*'],
  },
  exec: { users: 'any', privileged: true, commands: 'any', environment: ['*'] },
  build: {
    networks: ['*'],
    remotes: ['https://**', 'http://**', 'git://**'],
    arguments: ['*'],
    cacheFrom: ['**'],
    outputs: ['*'],
    tags: ['**'],
    entitlements: ['network.host', 'security.insecure', 'device'],
    limits: {
      memory: UNLIMITED,
      memorySwap: UNLIMITED,
      cpus: UNLIMITED,
      shmSize: UNLIMITED,
      ulimits: EVERY_ULIMIT,
    },
  },
  registries: { pull: ['**'], push: ['**'], load: true, import: true, save: true, export: true },
  archive: { get: ['/**'], put: ['/**'] },
}

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  observer: preset('lists and inspects; changes nothing', ['read'], {}),

  'ci-run': preset(
    'runs containers of images from Docker Hub, Compose and exec included: without host paths, capabilities or ports beyond this host',
    ['read', 'run', 'exec', 'ContainerArchive', 'ContainerArchiveInfo', 'ContainerTop', 'SystemEvents'],
    {
      workload: {
        images: [HUB],
        volumes: ['*'],
        tmpfs: { size: '1GiB', options: ['exec'] },
        networks: ['*'],
        ports: ['tcp', 'udp'].flatMap((protocol) => [`127.0.0.1:0/${protocol}`, `127.0.0.1:1024-65535/${protocol}`]),
        user: 'any',
        logDrivers: ['json-file', 'local', 'none'],
        limits: {
          memory: '4GiB',
          memorySwap: '8GiB',
          cpus: 2,
          pids: 2048,
          shmSize: '1GiB',
          stopTimeout: '5m',
          ulimits: { core: UNLIMITED, nofile: 1_048_576, nproc: 65_536 },
        },
        // One processor: an engine refuses more than its host has.
        defaults: { memory: '2GiB', cpus: 1, pids: 1024 },
        labels: {},
        autoRemove: true,
      },
      exec: { users: 'any', commands: 'any', environment: ['*'] },
      registries: { pull: [HUB] },
      archive: { get: ['/**'], put: ['/**'] },
    },
  ),

  'ci-build': preset(
    'builds with the classic builder, on images from Docker Hub; which names it may give and push, the role adds (build.tags, registries.push)',
    ['read', 'build', 'ImageCreate', 'ImageTag', 'ImagePush'],
    {
      build: {
        networks: ['default', 'bridge', 'none'],
        arguments: ['*'],
        cacheFrom: [HUB],
        limits: { memory: '4GiB', memorySwap: '8GiB', cpus: 2, shmSize: '1GiB', ulimits: { nofile: 1_048_576 } },
      },
      registries: { pull: [HUB] },
      // Those of the images that are built.
      workload: { labels: {} },
    },
  ),

  operator: preset(
    "every ordinary use of docker, BuildKit and prune included: root on the host, but for swarm's and plugins' administration and what this program does not know",
    [
      ...['read', 'read-sensitive', 'create', 'lifecycle', 'delete', 'exec', 'build', 'buildkit', 'transfer'],
      ...['*Prune', 'SystemAuth'],
    ],
    operator,
  ),

  admin: preset('everything, fields included that this program does not know: root on the host', ['*'], {
    ...operator,
    workload: { ...operator.workload, unknownFields: ['*'] },
  }),
}
