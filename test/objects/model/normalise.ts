import type { Kind } from './hand.ts'

/** What differs between two runs of the same commands on one engine, whoever else is there. */
const VOLATILE: ReadonlySet<string> = new Set([
  'Created',
  'CreatedAt',
  'StartedAt',
  'FinishedAt',
  'LastTagTime',
  'SystemTime',
  'NFd',
  'NGoroutines',
  'NEventsListener',
  'time',
  'timeNano',
  'execDuration',
])
/** An exec has ended when its output has, but the engine may not know yet. */
const OF_EXECS: ReadonlySet<string> = new Set(['Running', 'ExitCode', 'CanRemove'])

/** What the gate tells nobody, as it tells of others. */
const UNTOLD: ReadonlySet<string> = new Set(['SharedSize', 'LayersSize', 'Metadata', 'Identity'])

/** Which differences are none: between two runs behind the gate, or between one and the engine itself too. */
export type Against = 'gate' | 'engine'

/** Of an owner, in one world: what was made, by kind, in order. */
export type Made = Readonly<Record<Kind, readonly string[]>>

export interface Shown {
  readonly status: number
  readonly type: string
  readonly body: unknown
}

/** The words for ids that an owner knows: the same in every world. */
export function labelling(made: Made): (text: string) => string {
  const labels = new Map<string, string>()
  for (const [kind, ids] of Object.entries(made)) {
    ids.forEach((id, index) => {
      const digits = id.replace(/^sha256:/, '')
      if (HEX.test(digits)) labels.set(digits.slice(0, 12), `<${kind} ${index}>`)
    })
  }
  return (text) => text.replace(ID, (id) => labels.get(id.slice(0, 12)) ?? '<id>')
}

const HEX = /^[0-9a-f]{64}$/
const ID = /(?<![0-9a-zA-Z])(?:[0-9a-f]{64}|[0-9a-f]{12})(?![0-9a-zA-Z])/g

/** @param said parts of ids that the command used, which need not be the same in every world */
export function normalise(
  value: unknown,
  label: (text: string) => string,
  against: Against,
  said: readonly string[] = [],
): unknown {
  const text = (given: string) => {
    let shown = label(given)
    for (const part of said)
      shown = shown.replaceAll(new RegExp(`(?<![0-9a-zA-Z<])${part}(?![0-9a-zA-Z])`, 'g'), '<said>')
    return shown
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)/g, '<time>')
      .replace(/(Less than a second|About a minute|\d+ (second|minute)s?)( ago)?/g, '<age>')
      .replace(/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(\/\d+)?/g, '<address>')
      .replace(/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, '<mac>')
      .replace(/(?<=^|\/|")[a-z]+_[a-z]+\d*(?=$|\/|")/g, '<generated>')
  }
  const walk = (each: unknown, key: string): unknown => {
    if (typeof each === 'string') return text(each)
    if (Array.isArray(each)) return each.map((item) => walk(item, '')).sort(byText)
    if (typeof each !== 'object' || each === null) return each
    const isExec = 'ProcessConfig' in each
    const members = Object.entries(each)
      .filter(
        ([name]) =>
          !VOLATILE.has(name) &&
          !(against === 'engine' && UNTOLD.has(name)) &&
          !name.startsWith('io.dockgate.') &&
          !(isExec && OF_EXECS.has(name)),
      )
      .map(([name, member]) => [text(name), known(name, member, walk, key)] as const)
    return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  return walk(value, '')
}

type Walk = (value: unknown, key: string) => unknown

/** What the gate writes in its own way, by promise: objects are named by their ids. */
function known(name: string, value: unknown, walk: Walk, _parent: string): unknown {
  switch (name) {
    case 'Pid':
    case 'pid':
      return Number(value) > 0
    // No labels, and none but the gate's.
    case 'Labels':
      return walk(value ?? {}, name)
    case 'NetworkMode':
    case 'IpcMode':
    case 'PidMode':
      return String(value).startsWith('container:') ? 'container:<other>' : walk(value, name)
    case 'VolumesFrom':
      return Array.isArray(value) ? value.length : null
    // The network that is meant is known before the container is connected to it.
    case 'NetworkID':
    case 'IPAMConfig':
      return '<network>'
    // Names in networks: the container's own is among them where names are prefixed.
    case 'Aliases':
    case 'DNSNames':
      return Array.isArray(value) ? value.filter((alias) => alias === 'alias') : []
    default:
      return walk(value, name)
  }
}

function byText(a: unknown, b: unknown): number {
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)]
  return one < other ? -1 : one > other ? 1 : 0
}
