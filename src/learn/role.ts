import { ULIMITS } from '../config/profile-schema.ts'
import { OPERATIONS } from '../engine/operations.ts'
import { foldImages, foldNames, foldNetworks, foldPaths, foldPorts } from './fold.ts'
import type { Seen, SeenLimits } from './seen.ts'

type Part = Record<string, unknown>

const RESTARTS: readonly string[] = ['on-failure', 'unless-stopped', 'always']
const NAMESPACES: readonly string[] = ['network', 'pid', 'ipc', 'uts', 'user', 'cgroup']
const ENTITLEMENTS: readonly string[] = ['network.host', 'security.insecure', 'device']
const TRANSFERS = ['load', 'import', 'save', 'export'] as const
const DEFAULT_PROPAGATION: readonly string[] = ['private', 'rprivate']
/** More commands are any. */
export const MOST_COMMANDS = 20

/** The smallest role that allows what was seen, as it is written in a configuration: only what it needs is there. */
export function roleOf(seen: Seen): Part {
  return part({
    allow: OPERATIONS.filter(({ id }) => seen.operations.has(id)).map(({ id }) => id),
    workload: workloadOf(seen),
    exec: execOf(seen),
    build: buildOf(seen),
    registries: registriesOf(seen),
    archive: part({ get: pathsOf(seen, 'get'), put: pathsOf(seen, 'put') }),
  })
}

/** Without what is not needed. */
function part(values: Record<string, unknown>): Part {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => isNeeded(value)))
}

function isNeeded(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  if (Array.isArray(value)) return value.length > 0
  return typeof value !== 'object' || Object.keys(value).length > 0
}

function workloadOf(seen: Seen): Part {
  const { flags, tmpfs, gpuCount } = seen
  const tunnels = seen.operations.has('Session') || seen.operations.has('Grpc')
  const options = ['exec', 'suid', 'dev'].filter((option) => tmpfs.options.has(option))
  const workload = part({
    // Who names an image by its id may mean any.
    images: flags.has('imageById') ? ['**'] : foldImages(list(seen, 'images')),
    mounts: mountsOf(seen),
    tmpfs: tmpfs.most === null ? null : { size: size(tmpfs.most), ...(options.length > 0 ? { options } : {}) },
    networks: foldNetworks(list(seen, 'networks')),
    capabilities: list(seen, 'capabilities'),
    devices: [...seen.devices].map(([path, permissions]) => ({ path, permissions: permissionsOf(permissions) })),
    hostNamespaces: oneOf(seen, 'hostNamespaces', NAMESPACES),
    // Nobody can look into BuildKit's tunnels.
    privileged: flags.has('privileged') || tunnels,
    runtimes: list(seen, 'runtimes'),
    securityOptions: list(seen, 'securityOptions'),
    sysctls: list(seen, 'sysctls'),
    ports: foldPorts(list(seen, 'ports')),
    user: seen.user,
    logDrivers: flags.has('logOptions') ? ['*'] : list(seen, 'logDrivers'),
    restart: oneOf(seen, 'restart', RESTARTS),
    limits: limitsOf(seen.container),
    autoRemove: flags.has('autoRemove'),
    hostFields: list(seen, 'hostFields'),
    unknownFields: list(seen, 'unknownFields'),
  })
  // Here an empty list, and an empty object, allow something.
  return {
    ...workload,
    ...(flags.has('volumesAtAll') || seen.lists.has('volumes') ? { volumes: foldNames(list(seen, 'volumes')) } : {}),
    ...(gpuCount === null ? {} : { gpus: gpusOf(seen, gpuCount) }),
    ...(flags.has('labels') ? { labels: {} } : {}),
  }
}

function list(seen: Seen, name: Parameters<Seen['lists']['get']>[0]): string[] {
  return [...(seen.lists.get(name) ?? [])].sort()
}

function oneOf(seen: Seen, name: Parameters<Seen['lists']['get']>[0], words: readonly string[]): string[] {
  return list(seen, name).filter((word) => words.includes(word))
}

function pathsOf(seen: Seen, name: 'get' | 'put'): string[] {
  return [...new Set(foldPaths(list(seen, name)).values())]
}

/** Of directories that are folded into one, the most that any was given. */
function mountsOf({ mounts }: Seen): Part[] {
  const folded = foldPaths([...mounts.keys()].sort())
  const rules = new Map<string, { writable: boolean; propagation: Set<string> }>()
  for (const [source, { writable, propagation }] of mounts) {
    const pattern = folded.get(source) ?? source
    const rule = rules.get(pattern) ?? { writable: false, propagation: new Set() }
    rules.set(pattern, {
      writable: rule.writable || writable,
      propagation: new Set([...rule.propagation, ...propagation]),
    })
  }
  return [...rules].map(([source, { writable, propagation }]) => {
    const modes = [...propagation].sort()
    const usual = modes.every((mode) => DEFAULT_PROPAGATION.includes(mode))
    return { source, readOnly: !writable, ...(usual ? {} : { propagation: modes }) }
  })
}

function permissionsOf(permissions: ReadonlySet<string>): string {
  return ['r', 'w', 'm'].filter((permission) => permissions.has(permission)).join('') || 'rwm'
}

function gpusOf(seen: Seen, count: number): Part {
  const limits = count === 0 ? {} : { count: Number.isFinite(count) ? count : 'unlimited' }
  return { ...limits, ...part({ devices: list(seen, 'gpuDevices'), drivers: list(seen, 'gpuDrivers') }) }
}

function execOf(seen: Seen): Part {
  const { flags, operations } = seen
  const commands = list(seen, 'execCommands')
  const any = flags.has('anyCommand') || commands.length > MOST_COMMANDS
  const exec = part({
    users: list(seen, 'execUsers'),
    privileged: flags.has('execPrivileged'),
    commands: any ? 'any' : commands.map((command) => [command]),
    environment: foldNames(list(seen, 'execEnvironment')),
  })
  return operations.has('ContainerExec') || any ? exec : {}
}

function buildOf(seen: Seen): Part | null {
  const build = part({
    networks: list(seen, 'buildNetworks'),
    remotes: list(seen, 'remotes'),
    arguments: list(seen, 'arguments'),
    cacheFrom: foldImages(list(seen, 'cacheFrom')),
    outputs: list(seen, 'outputs'),
    tags: foldImages(list(seen, 'tags')),
    entitlements: oneOf(seen, 'entitlements', ENTITLEMENTS),
    limits: limitsOf(seen.build),
  })
  if (Object.keys(build).length > 0) return build
  // A build asks for the part by being one, whatever is in it.
  return seen.flags.has('build') ? { tags: [] } : null
}

function registriesOf(seen: Seen): Part {
  const images = seen.flags.has('credentials') ? list(seen, 'images') : []
  return part({
    pull: foldImages([...new Set([...list(seen, 'pull'), ...images])].sort()),
    push: foldImages(list(seen, 'push')),
    ...Object.fromEntries(TRANSFERS.map((word) => [word, list(seen, 'transfer').includes(word)])),
  })
}

/**
 * What bounds something has to be stated each time, so what was not always stated has no bound; and what never was may
 * not be.
 */
function limitsOf({ most, stated, made, ulimits, swapOfMemory }: SeenLimits): Part {
  const always = (key: string) => (stated.get(key) === made ? (most.get(key) ?? 0) : Number.POSITIVE_INFINITY)
  const known = ULIMITS.filter((name) => ulimits.has(name))
  const when = (key: string, write: () => unknown) => (most.has(key) ? { [key]: write() } : {})
  return {
    ...when('memory', () => size(always('memory'))),
    ...when('memorySwap', () => size(Math.max(most.get('memorySwap') ?? 0, swapOfMemory))),
    ...when('cpus', () => processors(always('cpus'))),
    ...when('pids', () => count(always('pids'))),
    ...when('shmSize', () => size(most.get('shmSize') ?? 0)),
    ...when('stopTimeout', () => seconds(most.get('stopTimeout') ?? 0)),
    ...(known.length === 0
      ? {}
      : { ulimits: Object.fromEntries(known.map((name) => [name, count(ulimits.get(name) ?? 0)])) }),
  }
}

const SIZES = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const

/** The quantities of a role are above zero, and not beyond what a number tells exactly. */
function size(bytes: number): string | number {
  const whole = count(bytes)
  if (typeof whole === 'string') return whole
  const unit = SIZES.find(([, factor]) => whole % factor === 0)
  return unit === undefined ? whole : `${whole / unit[1]}${unit[0]}`
}

function count(value: number): number | 'unlimited' {
  return value > 1e14 ? 'unlimited' : Math.max(1, Math.ceil(value))
}

function processors(value: number): number | 'unlimited' {
  return value >= 1e6 ? 'unlimited' : Math.max(0.000000001, Math.ceil(value * 1e9) / 1e9)
}

function seconds(value: number): string {
  const whole = count(value)
  return whole === 'unlimited' ? whole : `${whole}s`
}
