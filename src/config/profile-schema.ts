import { z } from 'zod'
import { COUNT, CPUS, maximum, processors, quantity, SECONDS, SIZE, size } from './profile-quantities.ts'

/*
 * The parts of a role that say what may be asked for. One rule holds for all of them: what a key does not allow, a client
 * may not ask for, and a key that is left out allows nothing. What a client leaves out is the engine's default, unless the
 * key's description says that it must be stated. No key has a default here, so that a role can extend another one.
 */

const text = z.string().min(1).max(4096)
const flag = (meaning: string) => z.boolean().optional().describe(meaning)

const STAR =
  '"*" is any run of characters within a segment, "**" any number of segments; ${claims.NAME}, ${subject}, ${issuer} and ${cert.commonName} stand for what is known of the client, taken literally'
const patterns = z.array(text)
/** References of images. */
export const images = (meaning: string) =>
  patterns.optional().describe(`${meaning}. Normalised references, such as docker.io/library/alpine:3.20; ${STAR}`)
const paths = (meaning: string) => patterns.optional().describe(`${meaning}. Absolute paths; ${STAR}`)
const names = (meaning: string) =>
  patterns.optional().describe(`${meaning}. Names; "*" is any run of characters; variables as in images`)
const oneOf = <const Words extends readonly string[]>(words: Words, meaning: string) =>
  z.array(z.enum(words)).optional().describe(meaning)

/** Names of resource limits that the engine takes (github.com/docker/go-units). */
export const ULIMITS = [
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
] as const
export type Ulimit = (typeof ULIMITS)[number]

/** One key for each resource limit. */
const ulimits = <S extends z.ZodType>(value: S) =>
  z.strictObject(
    Object.fromEntries(
      ULIMITS.map((name) => [name, value.optional().describe(`The limit ${name}, as setrlimit(2) has it`)]),
    ) as Record<Ulimit, z.ZodOptional<S>>,
  )

/** What builds have too, where `note` is about quantities that the engine does not limit by itself. */
const maxima = (note: string) => ({
  memory: maximum(SIZE).optional().describe(`Memory; ${note}`),
  memorySwap: maximum(SIZE).optional().describe('Memory and swap together'),
  cpus: maximum(CPUS).optional().describe(`Processors; ${note}`),
  shmSize: maximum(SIZE).optional().describe('/dev/shm'),
  ulimits: ulimits(maximum(COUNT))
    .optional()
    .describe('Resource limits of processes, soft and hard; bytes, seconds or a count, as setrlimit(2) has them'),
})

const buildLimits = z.strictObject(maxima('it is set where the client states none'))

const STATED = 'must be stated, by defaults or the client, unless unlimited: the engine has no limit of its own'

const limits = z.strictObject({
  ...maxima(STATED),
  pids: maximum(COUNT).optional().describe(`Processes and threads; ${STATED}`),
  stopTimeout: maximum(SECONDS).optional().describe('How long a stop waits before it kills'),
})

const defaults = z.strictObject({
  memory: size.optional().describe('Memory'),
  memorySwap: size.optional().describe('Memory and swap together'),
  cpus: processors.optional().describe('Processors'),
  pids: quantity(COUNT).optional().describe('Processes and threads'),
  shmSize: size.optional().describe('/dev/shm'),
  stopTimeout: quantity(SECONDS).optional().describe('How long a stop waits before it kills'),
  ulimits: ulimits(quantity(COUNT)).optional().describe('Resource limits of processes, soft and hard alike'),
  user: text.optional().describe('The user, such as "1000:1000", instead of the one of the image'),
})

const PROPAGATIONS = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'] as const
const mount = z.strictObject({
  source: text.describe(`Directories and files of the host: absolute paths; ${STAR}`),
  readOnly: z
    .boolean()
    .default(true)
    .describe(
      'true: only mounts that are read-only, in which what is mounted below stays writable for engines before 25 and clients below API 1.44; false: any',
    ),
  propagation: z
    .array(z.enum(PROPAGATIONS))
    .default(['private', 'rprivate'])
    .describe('Allowed propagation modes; the engine takes rprivate where none is given'),
})

const tmpfs = z.strictObject({
  size: maximum(SIZE).describe('The largest size; it is also given to one that states none'),
  options: oneOf(['exec', 'suid', 'dev'], 'Mount options beside the harmless ones').default([]),
})

const device = z.strictObject({
  path: text.describe(
    `Device nodes of the host: absolute paths; ${STAR}. A directory, with every device below it, only by a path that ends in /**. Where the gate does not see the host's files (in a container), it cannot tell one from the other: then list no path that fits a directory`,
  ),
  permissions: z
    .string()
    .regex(/^(?:r|w|m|rw|rm|wm|rwm)$/, { error: 'is not made of r (read), w (write) and m (mknod), in that order' })
    .default('rwm')
    .describe('The most of r (read), w (write) and m (mknod)'),
})

const gpus = z.strictObject({
  count: maximum(COUNT).optional().describe('How many; unlimited also for "all"'),
  devices: names('Device ids'),
  drivers: names('Drivers by name, such as cdi; the one that the engine chooses needs no name'),
})

const labels = z.strictObject({
  required: z.record(text, text).optional().describe('Labels that must be there, each with a pattern of its value'),
  reserved: names('Labels that a client may not set'),
})

/** What containers, services and their updates may be given. */
const workloadSchema = z.strictObject({
  images: images('Images that may be run, and mounted'),
  mounts: z.array(mount).optional().describe('Bind mounts'),
  volumes: names('Named volumes; an empty list allows those without a name'),
  tmpfs: tmpfs.optional().describe('File systems in memory'),
  networks: names('Networks to join, by name; the namespaces of the host and of other containers are no networks'),
  capabilities: z.array(text).optional().describe('Linux capabilities beyond the default ones; ALL for every one'),
  devices: z.array(device).optional().describe('Device nodes'),
  gpus: gpus.optional().describe('Device requests: GPUs, and CDI devices'),
  hostNamespaces: oneOf(['network', 'pid', 'ipc', 'uts', 'user', 'cgroup'], 'Namespaces to share with the host'),
  privileged: flag('Privileged containers: root on the host'),
  runtimes: names('OCI runtimes other than the default one'),
  securityOptions: names(
    'Security options as key=value, such as seccomp=unconfined; systempaths=unconfined for emptied MaskedPaths and ReadonlyPaths. no-new-privileges=true is always allowed',
  ),
  sysctls: names('Kernel parameters, such as net.ipv4.ip_unprivileged_port_start'),
  ports: z
    .array(text)
    .optional()
    .describe(
      'Host ports to publish: [address:]port[-port][/protocol]; any address and tcp if left out, port 0 is any free port',
    ),
  user: z
    .enum(['any', 'nonRoot'])
    .optional()
    .describe(
      'any: whichever; nonRoot: must be stated as a number above zero, as a name proves nothing. Left out: only the user of the image',
    ),
  logDrivers: names('Log drivers, with all their options'),
  restart: oneOf(['on-failure', 'unless-stopped', 'always'], 'Restart policies'),
  limits: limits.optional().describe('The most that may be asked for; a number or unlimited'),
  defaults: defaults.optional().describe('Filled in where the client states nothing; never more than the limits'),
  labels: labels
    .optional()
    .describe(
      'Labels of all that is made, images that are built, imported or committed included: any but the reserved ones',
    ),
  autoRemove: flag('Containers that remove themselves (docker run --rm)'),
  hostFields: names(
    'What reaches the host itself and no other key allows, as the refusal names it: fields by path without the places in lists and keys on the way (HostConfig.CgroupParent, HostConfig.Mounts.Type), query parameters (cgroupparent, force), headers in lower case, parameters of the path in braces ({checkpoint}, {name}), and (body) for one that is no JSON. A name counts for every operation that has it',
  ),
  unknownFields: names(
    'Fields of newer engines that this program does not know, sent on whatever they hold: by path without the places in lists and keys on the way, such as HostConfig.Mounts.Foo. Sixteen in one request at most, and none that an engine may read as a field that is known',
  ),
})

/** What may be run in containers that exist. */
const execSchema = z.strictObject({
  users: z
    .union([z.enum(['any', 'nonRoot']), patterns], { error: 'wants any, nonRoot or a list of users' })
    .optional()
    .describe('any, nonRoot (a number above zero), or a list of users. Left out: only the user of the container'),
  privileged: flag('Privileged processes: root on the host'),
  commands: z
    .union([z.literal('any'), z.array(z.array(z.string().max(4096)).min(1))], {
      error: 'is neither any nor a list of commands, each a list of words such as [npm, test]',
    })
    .optional()
    .describe('any, or lists of words with which the command begins, taken literally'),
  environment: names('Environment variables that may be set'),
})

/** What a build with the classic builder may be given. */
const buildSchema = z.strictObject({
  networks: names('Networks for RUN, by name'),
  remotes: patterns
    .optional()
    .describe(
      `What the engine may fetch, as the host: contexts of builds (any branch and directory) and file systems to import, by URL such as https://github.com/acme/*; ${STAR}`,
    ),
  arguments: names('Build arguments that may be set'),
  cacheFrom: images('Images to take cached layers from'),
  outputs: names('Types of output other than an image in the engine'),
  tags: images('Names that images may be given by build, tag, commit and import; an image that has the name loses it'),
  entitlements: oneOf(['network.host', 'security.insecure', 'device'], 'Entitlements of BuildKit'),
  limits: buildLimits
    .optional()
    .describe(
      'The most that each step of the classic builder may be given; a number or unlimited. BuildKit has no such limits',
    ),
})

/** Which images may come in and go out, and how. */
const registriesSchema = z.strictObject({
  pull: images('Images that may be pulled'),
  push: images('Images that may be pushed'),
  load: flag('Load images from an archive: any image under any name'),
  import: flag(
    'Make images from a file system that the client sends; one that the engine fetches wants its URL in build.remotes too. Names for them: build.tags',
  ),
  save: flag('Fetch images as an archive: a way out for their contents'),
  export: flag("Fetch a container's file system: a way out for its contents"),
})

/** docker cp. */
const archiveSchema = z.strictObject({
  get: paths('Files of containers that may be fetched'),
  put: paths('Directories of containers that may be written to'),
})

/** Roles that ship with the program. */
export const PRESET_NAMES = ['observer', 'ci-run', 'ci-build', 'operator', 'admin'] as const
export type PresetName = (typeof PRESET_NAMES)[number]

/** The parts of a role beside `allow`, each left out where the role allows nothing of it. */
export const profileSchema = z.strictObject({
  workload: workloadSchema.optional().describe('What containers and services may be given'),
  exec: execSchema.optional().describe('What may be run in containers that exist'),
  build: buildSchema.optional().describe('What builds may be given'),
  registries: registriesSchema.optional().describe('Which images may come in and go out'),
  archive: archiveSchema.optional().describe('Which files may be copied out of containers and into them'),
})

/** The key of a role that names the preset on which it is built. */
export const extendsSchema = z
  .enum(PRESET_NAMES)
  .describe('A role that ships with the program; keys of this role replace its keys')

/** The parts after reading: sizes in bytes, times in seconds, `unlimited` as Infinity. */
export type ProfileConfig = z.output<typeof profileSchema>
export type WorkloadConfig = z.output<typeof workloadSchema>
export type ExecConfig = z.output<typeof execSchema>
export type BuildConfig = z.output<typeof buildSchema>
export type RegistriesConfig = z.output<typeof registriesSchema>
export type ArchiveConfig = z.output<typeof archiveSchema>
