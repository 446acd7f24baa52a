import type { OperationId } from '../engine/operations.ts'
import type { Facts, LimitFacts, Most, MountFact } from '../inspect/facts/facts.ts'
import { mayBeRoot } from '../policy/profile/user.ts'
import type { Learned } from './record.ts'

/** Of each kind; beyond, what is new is left out, and the role says so. */
const MOST_KEPT = 4096

type TextList =
  | 'images'
  | 'volumes'
  | 'networks'
  | 'capabilities'
  | 'hostNamespaces'
  | 'runtimes'
  | 'securityOptions'
  | 'sysctls'
  | 'ports'
  | 'logDrivers'
  | 'restart'
  | 'hostFields'
  | 'unknownFields'
  | 'tags'
  | 'pull'
  | 'push'
  | 'transfer'
  | 'gpuDevices'
  | 'gpuDrivers'
  | 'execUsers'
  | 'execCommands'
  | 'execEnvironment'
  | 'buildNetworks'
  | 'remotes'
  | 'arguments'
  | 'cacheFrom'
  | 'outputs'
  | 'entitlements'
  | 'get'
  | 'put'
type Flag =
  | 'privileged'
  | 'autoRemove'
  | 'labels'
  | 'imageById'
  | 'logOptions'
  | 'execPrivileged'
  | 'anyCommand'
  | 'credentials'
  | 'build'
  | 'volumesAtAll'

/** How much of something was stated, and how often nothing was. */
export interface SeenLimits {
  readonly most: Map<string, number>
  readonly ulimits: Map<string, number>
  /** How often each was stated in what was made. */
  readonly stated: Map<string, number>
  made: number
  /** The most memory and swap together that an engine would have made of the memory alone. */
  swapOfMemory: number
}

/** All that was seen, of a bounded size however many records there are. */
export interface Seen {
  readonly operations: Set<OperationId>
  readonly principals: Set<string>
  readonly lists: Map<TextList, Set<string>>
  readonly flags: Set<Flag>
  readonly mounts: Map<string, { writable: boolean; readonly propagation: Set<string> }>
  readonly tmpfs: { most: number | null; readonly options: Set<string> }
  readonly devices: Map<string, Set<string>>
  gpuCount: number | null
  user: 'any' | 'nonRoot' | null
  readonly container: SeenLimits
  readonly build: SeenLimits
  /** Records that say that they do not tell all. */
  cut: number
  /** Values beyond the bound, and those of which no pattern can be made. */
  left: number
}

const noLimits = (): SeenLimits => ({
  most: new Map(),
  ulimits: new Map(),
  stated: new Map(),
  made: 0,
  swapOfMemory: 0,
})

export function nothingSeen(): Seen {
  return {
    operations: new Set(),
    principals: new Set(),
    lists: new Map(),
    flags: new Set(),
    mounts: new Map(),
    tmpfs: { most: null, options: new Set() },
    devices: new Map(),
    gpuCount: null,
    user: null,
    container: noLimits(),
    build: noLimits(),
    cut: 0,
    left: 0,
  }
}

const MAKERS: ReadonlySet<string> = new Set(['ContainerCreate', 'ServiceCreate', 'ServiceUpdate'])

/** Adds what one request asked for. */
export function see(seen: Seen, { issuer, subject, operation, asked }: Learned): void {
  seen.operations.add(operation)
  if (seen.principals.size < MOST_KEPT) seen.principals.add(`${issuer}/${subject}`)
  if (operation === 'ImageBuild') seen.flags.add('build')
  const facts = asked ?? {}
  if (facts.cut || (asked === null && MAKERS.has(operation))) seen.cut++
  seeTexts(seen, facts)
  seeFlags(seen, facts)
  for (const mount of facts.mounts ?? []) seeMount(seen, mount)
  for (const { path, permissions } of facts.devices ?? []) {
    const known = isLiteral(path) ? keep(seen, seen.devices, path, () => new Set<string>()) : null
    if (known === null) seen.left++
    for (const permission of permissions) known?.add(permission)
  }
  if (facts.gpus !== undefined) seen.gpuCount = Math.max(seen.gpuCount ?? 0, numberOf(facts.gpus.count ?? 0))
  if (MAKERS.has(operation)) seeUser(seen, facts)
  seeLimits(seen.container, facts.limits ?? {}, MAKERS.has(operation))
  if (operation === 'ImageBuild') seeLimits(seen.build, facts.build?.limits ?? {}, true)
}

function seeTexts(seen: Seen, facts: Facts): void {
  const { gpus = {}, exec = {}, build = {}, archive = {} } = facts
  const command = exec.command?.startsWith('…') ? undefined : exec.command
  const texts: readonly (readonly [TextList, readonly string[] | undefined])[] = [
    ...PLAIN.map((list) => [list, facts[list]] as const),
    ['volumes', facts.volumes?.filter((name) => name !== '')],
    ['gpuDevices', gpus.devices],
    ['gpuDrivers', gpus.drivers],
    ['execUsers', exec.user === undefined ? [] : [exec.user]],
    ['execCommands', command === undefined ? [] : [command]],
    ['execEnvironment', exec.environment],
    ['buildNetworks', build.networks],
    ['remotes', build.remotes],
    ['arguments', build.arguments],
    ['cacheFrom', build.cacheFrom],
    ['outputs', build.outputs],
    ['entitlements', build.entitlements],
    ['get', archive.get],
    ['put', archive.put],
  ]
  for (const [list, items = []] of texts) for (const item of items) seeText(seen, list, item)
}

const PLAIN = [
  ...(['images', 'networks', 'capabilities', 'hostNamespaces', 'runtimes', 'securityOptions', 'sysctls'] as const),
  ...(['ports', 'logDrivers', 'restart', 'hostFields', 'unknownFields', 'tags', 'pull', 'push', 'transfer'] as const),
] as const

/** A star or a variable in a role would mean more than was seen, and what was shortened something else. */
function isLiteral(text: string): boolean {
  return text !== '' && !text.includes('*') && !text.includes('${') && !text.endsWith('…')
}

/** A profile for seccomp is longer than a record tells. */
const LONG_PROFILE = /^seccomp=.*…$/

function seeText(seen: Seen, list: TextList, item: string): void {
  const kept = seen.lists.get(list) ?? new Set<string>()
  seen.lists.set(list, kept)
  if (list === 'securityOptions' && LONG_PROFILE.test(item)) kept.add('seccomp=*')
  else if (!isLiteral(item) || (kept.size >= MOST_KEPT && !kept.has(item))) seen.left++
  else kept.add(item)
}

function seeFlags(seen: Seen, facts: Facts): void {
  const flags: readonly (readonly [Flag, unknown])[] = [
    ['privileged', facts.privileged],
    ['autoRemove', facts.autoRemove],
    ['labels', facts.labels],
    ['imageById', facts.imageById],
    ['logOptions', facts.logOptions],
    ['execPrivileged', facts.exec?.privileged],
    // What is typed is no command, and of one that was stated with its directory the record has the name alone.
    ['anyCommand', facts.attachInput || facts.exec?.command?.startsWith('…') || (facts.exec && !facts.exec.command)],
    ['credentials', facts.credentials],
    ['volumesAtAll', facts.volumes],
  ]
  for (const [flag, is] of flags) if (is) seen.flags.add(flag)
}

function seeMount(seen: Seen, { type, source, readOnly, propagation, size, options = [] }: MountFact): void {
  if (type === 'volume') seen.flags.add('volumesAtAll')
  if (type === 'tmpfs') {
    seen.tmpfs.most = Math.max(seen.tmpfs.most ?? 0, size ?? Number.POSITIVE_INFINITY)
    for (const option of options) seen.tmpfs.options.add(option)
  }
  if (type !== 'bind' || source === undefined) return
  if (!isLiteral(source)) {
    seen.left++
    return
  }
  const known = keep(seen, seen.mounts, source, () => ({ writable: false, propagation: new Set<string>() }))
  if (known === null) return
  known.writable ||= !readOnly
  known.propagation.add(propagation ?? 'rprivate')
}

function keep<T>(seen: Seen, map: Map<string, T>, key: string, make: () => T): T | null {
  const known = map.get(key)
  if (known !== undefined) return known
  if (map.size >= MOST_KEPT) {
    seen.left++
    return null
  }
  const made = make()
  map.set(key, made)
  return made
}

/** Before the first is made, nobody has stated none. */
function seeUser(seen: Seen, { user, groups = [] }: Facts): void {
  const first = seen.container.made === 0
  const numbers = user !== undefined && [user, ...groups].every((one) => !mayBeRoot(one))
  if (numbers && (first || seen.user === 'nonRoot')) seen.user = 'nonRoot'
  else if (user !== undefined || groups.length > 0 || seen.user === 'nonRoot') seen.user = 'any'
}

function seeLimits(seen: SeenLimits, limits: LimitFacts, made: boolean): void {
  const { ulimits = {}, ...others } = limits
  for (const [key, value] of Object.entries(others) as [string, Most][]) {
    seen.most.set(key, Math.max(seen.most.get(key) ?? 0, numberOf(value)))
    if (made) seen.stated.set(key, (seen.stated.get(key) ?? 0) + 1)
  }
  for (const [name, value] of Object.entries(ulimits)) {
    seen.ulimits.set(name, Math.max(seen.ulimits.get(name) ?? 0, numberOf(value)))
  }
  if (!made) return
  seen.made++
  if (limits.memorySwap === undefined) {
    seen.swapOfMemory = Math.max(seen.swapOfMemory, 2 * numberOf(limits.memory ?? 'unlimited'))
  }
}

function numberOf(most: Most): number {
  return most === 'unlimited' ? Number.POSITIVE_INFINITY : most
}
