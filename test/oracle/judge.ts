/*
 * What the preset ci-run means for a container that is there: written from its documentation, not from the program, and
 * read from what the engine says that it made.
 */

type Facts = Readonly<Record<string, unknown>>

/** The engine's answer to GET /containers/ID/json. */
export interface Inspected {
  readonly Id: string
  /** The id of its image. */
  readonly Image: string
  readonly AppArmorProfile: string
  readonly Config: Facts
  readonly HostConfig: Facts
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string; readonly Driver?: string }[]
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, Facts | null>> | null }
}

/** The engine's answer to GET /volumes/NAME. */
export interface Volume {
  readonly Name: string
  readonly Driver: string
  readonly Options: Facts | null
}

/** What the container is held against. */
export interface Surroundings {
  /** A container of the engine's own making, of which nothing but the image was asked. */
  readonly plain: Inspected
  /** The ids of images that may run. */
  readonly images: readonly string[]
  readonly hostNetwork: string
  /** The kernel counts swap; without that the engine writes -1 for whatever is asked. */
  readonly countsSwap: boolean
}

const MiB = 1024 ** 2
const GiB = 1024 ** 3

type Rule = (value: unknown, container: Inspected, around: Surroundings) => boolean

const any: Rule = () => true
const isNothing: Rule = (value) =>
  [null, undefined, false, 0, ''].includes(value as null) || (typeof value === 'object' && sizeOf(facts(value)) === 0)
const oneOf =
  (...values: readonly unknown[]): Rule =>
  (value) =>
    values.includes(value)
const between =
  (least: number, most: number): Rule =>
  (value) =>
    isBetween(value, least, most)
const each =
  (rule: (item: unknown, key: string) => boolean): Rule =>
  (value) =>
    Object.entries(value ?? {}).every(([key, item]) => rule(item, key))
/** Words for a namespace of the container's own; where one makes no sense, engines of today refuse it and old ones ignore it. */
const own = oneOf('', 'private', 'shareable', 'none')
/** As the engine has it where nothing is asked. */
const usual =
  (name: string): Rule =>
  (value, _, { plain }) =>
    same(value, plain.HostConfig[name])
const either =
  (...rules: readonly Rule[]): Rule =>
  (...asked) =>
    rules.some((rule) => rule(...asked))

const CAPABILITIES = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]

/** Every member of HostConfig that may differ from the plain container's, and how. */
const HOST_RULES: Readonly<Record<string, Rule>> = {
  // Storage: volumes by name, file systems in memory of a known size; nothing of the host's.
  Binds: each((bind) => /^([A-Za-z0-9][\w.-]*:)?\/[^:]*$|^[A-Za-z0-9][\w.-]*:\/[^:]*:[\w,]+$/.test(String(bind))),
  Mounts: each(isOwnMount),
  Tmpfs: each((options) => typeof options === 'string' && isBoundedTmpfs(options)),
  VolumeDriver: oneOf('', 'local'),
  ShmSize: between(1, GiB),
  ReadonlyRootfs: any,

  // Network.
  NetworkMode: isOwnNetwork,
  PortBindings: each((bindings, port) => /^[0-9-]+(\/(tcp|udp))?$/.test(port) && isLocal(bindings)),
  Dns: any,
  DnsOptions: any,
  DnsSearch: any,
  ExtraHosts: any,

  // Isolation.
  CapAdd: each((name) => CAPABILITIES.includes(String(name).toUpperCase().replace(/^CAP_/, ''))),
  CapDrop: any,
  GroupAdd: any,
  IpcMode: either(own, usual('IpcMode')),
  PidMode: own,
  UTSMode: own,
  UsernsMode: own,
  CgroupnsMode: either(own, usual('CgroupnsMode')),
  SecurityOpt: each((option) => /^no-new-privileges([:=](1|t|T|true|TRUE|True))?$/.test(String(option))),

  // An empty list lifts the masks.
  MaskedPaths: usual('MaskedPaths'),
  ReadonlyPaths: usual('ReadonlyPaths'),

  // Limits.
  Memory: between(1, 4 * GiB),
  MemorySwap: (value, container, around) =>
    between(1, 8 * GiB)(value, container, around) || (value === -1 && !around.countsSwap),
  MemoryReservation: between(0, 4 * GiB),
  // Not known to engines of today.
  KernelMemory: either(isNothing, between(0, 4 * GiB)),
  KernelMemoryTCP: either(isNothing, between(0, 4 * GiB)),
  MemorySwappiness: any,
  NanoCpus: (_, container) => isBetween(processorsOf(container), 0.000_01, 2),
  CpuQuota: (_, container) => isBetween(processorsOf(container), 0.000_01, 2),
  CpuPeriod: between(0, 1_000_000),
  CpuShares: between(0, 1024),
  CpusetCpus: any,
  CpusetMems: any,
  PidsLimit: between(1, 2048),
  Ulimits: each(isBoundedUlimit),
  OomScoreAdj: between(0, 1000),

  // Life.
  AutoRemove: any,
  Init: any,
  RestartPolicy: (value) => ['', 'no'].includes(String(facts(value).Name)),
  LogConfig: (value) => ['json-file', 'local', 'none'].includes(String(facts(value).Type)),
  ConsoleSize: any,
  ContainerIDFile: any,
  Isolation: (value) => ['', 'default'].includes(String(value).toLowerCase()),
  CpuCount: any,
  CpuPercent: any,
  IOMaximumIOps: any,
  IOMaximumBandwidth: any,
}

/** Everything about the container that is outside the preset: nothing where all is within. */
export function judgeContainer(
  container: Inspected,
  volumes: readonly Volume[],
  around: Surroundings,
): readonly string[] {
  const { HostConfig, Config, Mounts } = container
  const names = new Set([...Object.keys(HostConfig), ...Object.keys(HOST_RULES)])
  const usualOrNothing = (name: string) => either(usual(name), isNothing)
  const found = [...names]
    .filter((name) => !(HOST_RULES[name] ?? usualOrNothing(name))(HostConfig[name], container, around))
    .map((name): Found => [`HostConfig.${name}`, HostConfig[name]])
  const others: ReadonlyArray<readonly [within: boolean, ...Found]> = [
    [around.images.includes(container.Image), 'Image', container.Image],
    [container.AppArmorProfile === around.plain.AppArmorProfile, 'AppArmorProfile', container.AppArmorProfile],
    [isBetween(Config.StopTimeout ?? 0, 0, 300), 'Config.StopTimeout', Config.StopTimeout],
    [Mounts.every(isOwnMount), 'Mounts', Mounts],
    [volumes.every(isPlainVolume), 'volumes', volumes],
    [areOwnNetworks(container, around), 'NetworkSettings.Networks', container.NetworkSettings.Networks],
  ]
  const rest = others.filter(([within]) => !within).map(([, name, value]): Found => [name, value])
  return [...found, ...rest].map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
}

type Found = readonly [name: string, value: unknown]

/** An entry of Mounts, of the request's and of the engine's own list. */
function isOwnMount(mount: unknown): boolean {
  const { Type, Source, Driver, BindOptions, VolumeOptions, TmpfsOptions } = facts(mount)
  if (sizeOf(facts(BindOptions)) > 0) return false
  switch (Type) {
    case 'volume': {
      const driver = facts(facts(VolumeOptions).DriverConfig)
      const names = [Driver, driver.Name].filter((name) => name !== undefined && name !== '')
      return names.every((name) => name === 'local') && sizeOf(facts(driver.Options)) === 0
    }
    case 'tmpfs':
      return (Source ?? '') === '' && (TmpfsOptions === undefined || isBoundedMount(facts(TmpfsOptions)))
    case 'image':
      return typeof Source === 'string' && /^(docker\.io\/)?(library\/)?busybox:test$/.test(Source)
    default:
      return false
  }
}

function isBoundedMount({ SizeBytes, Options }: Facts): boolean {
  const options = Array.isArray(Options) ? Options.map((option) => (option as string[]).join('=')) : []
  return isBetween(SizeBytes, 1, GiB) && options.every(isHarmlessOption)
}

/** A folder of the engine's own. */
export function isPlainVolume({ Driver, Options }: Volume): boolean {
  return Driver === 'local' && sizeOf(Options ?? {}) === 0
}

/** Each size is bounded, and there is one. */
function isBoundedTmpfs(options: string): boolean {
  const all = options.split(',')
  return all.every(isHarmlessOption) && all.some((option) => option.startsWith('size='))
}

function isHarmlessOption(option: string): boolean {
  const size = /^size=([0-9]+)([kmg]?)$/i.exec(option)
  if (size !== null) {
    const unit = { k: 1024, m: MiB, g: GiB }[(size[2] ?? '').toLowerCase()] ?? 1
    return !size[1]?.startsWith('0') && isBetween(Number(size[1]) * unit, 1, GiB)
  }
  const flags = /^(|defaults|ro|rw|exec|noexec|nosuid|nodev|a?sync|dirsync|(no)?(rel|dir)?atime|(no)?strictatime)$/
  return flags.test(option) || /^(mode|uid|gid|nr_inodes)=[0-9]+$/.test(option)
}

/** The host's network by its id is no way to it: the engine makes a namespace with nothing in it, or starts nothing. */
function isOwnNetwork(name: unknown): boolean {
  return name !== 'host' && !String(name).includes(':')
}

function areOwnNetworks({ HostConfig, NetworkSettings }: Inspected, { hostNetwork }: Surroundings): boolean {
  const { NetworkMode } = HostConfig
  const byId = typeof NetworkMode === 'string' && NetworkMode !== '' && hostNetwork.startsWith(NetworkMode)
  return Object.entries(NetworkSettings.Networks ?? {}).every(([name, endpoint]) => {
    const { NetworkID, DriverOpts } = facts(endpoint)
    return (isOwnNetwork(name) || byId) && (NetworkID ?? '') === '' && sizeOf(facts(DriverOpts)) === 0
  })
}

/** Bindings of a port: to this host's loopback address, and no port that only root may open. */
function isLocal(bindings: unknown): boolean {
  return Object.values(bindings ?? {}).every((binding) => {
    const { HostIp, HostPort } = facts(binding)
    if (HostIp !== '127.0.0.1' || typeof HostPort !== 'string') return false
    if (HostPort === '' || HostPort === '0') return true
    const [first = '', last = first, ...more] = HostPort.split('-')
    return (
      more.length === 0 && [first, last].every((port) => /^[0-9]{4,5}$/.test(port) && isBetween(+port, 1024, 65_535))
    )
  })
}

function isBoundedUlimit(ulimit: unknown): boolean {
  const { Name, Soft, Hard } = facts(ulimit)
  const most = new Map<unknown, number>([
    ['core', Number.POSITIVE_INFINITY],
    ['nofile', 1_048_576],
    ['nproc', 65_536],
  ]).get(Name)
  if (most === undefined) return false
  return most === Number.POSITIVE_INFINITY || [Soft, Hard].every((value) => isBetween(value ?? 0, 0, most))
}

/** Processors that the container may use at once; 0 where nothing says. */
function processorsOf({ HostConfig: { NanoCpus, CpuQuota, CpuPeriod } }: Inspected): number {
  if (typeof NanoCpus === 'number' && NanoCpus !== 0) return NanoCpus / 1e9
  return Number(CpuQuota) / (Number(CpuPeriod) || 100_000)
}

function isBetween(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most
}

function facts(value: unknown): Facts {
  return typeof value === 'object' && value !== null ? (value as Facts) : {}
}

function sizeOf(value: object): number {
  return Object.keys(value).length
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
