import type { Known, Objects } from './objects.ts'
import type { Observation } from './observe.ts'

const LONG = /(?<![0-9a-z])[0-9a-f]{64}(?![0-9a-z])/g
/** Of objects of a swarm. */
const SWARM = /(?<![0-9a-z])[0-9a-z]{25}(?![0-9a-z])/g
const SHORT = /(?<![0-9a-z])[0-9a-f]{12}(?![0-9a-z])/g
const TIME = /(?!0001)\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( UTC|Z|[+-]\d\d:\d\d)?/g
/** The name that the engine makes up. */
const NAME = /(?<="Name":"\/?|"\/other:\/)[a-z]+_[a-z]+\d?(?=["/])/g
/** What the engine gives out one after the other. */
const ADDRESS = /\b(172\.\d+|192\.168)\.\d+\.\d+\b(\/\d+)?/g
const COUNTED = /(?<="(Pid|Index)":)[1-9]\d*/g

/** Networks in a message of engines before 25, which have them from a map. */
const NETWORKS = /(?<=network endpoints: )(front, back|back, front)/

/** Lists that the client or the engine makes from maps, in any order. */
const UNORDERED: ReadonlySet<string> = new Set(['Binds', 'Env', 'Mounts', 'Ports', 'volumes'])

/**
 * Replaces what says which run it was: ids of what was made, times, names that the engine made up, addresses, where the
 * client found the engine (`host`). Two equal ids stay equal, and ids of what was there before stay as they are.
 */
export function alike({ stdout, stderr, code, ...objects }: Observation, known: Known, host: string): Observation {
  const ids = new Map<string, string>()
  const label = (id: string) => {
    if (known.has(id) || known.has(`sha256:${id}`)) return id
    const key = id.slice(0, 12)
    const label = ids.get(key) ?? `<id${ids.size + 1}>`
    ids.set(key, label)
    return label
  }
  const plain = (text: string) =>
    text
      .replaceAll(host, '<host>')
      .replace(LONG, label)
      .replace(SWARM, label)
      .replace(SHORT, (id) => ids.get(id) ?? id)
      .replace(TIME, '<time>')
      .replace(NAME, '<name>')
      .replace(ADDRESS, '<address>')
      .replace(COUNTED, '"<number>"')
      .replace(NETWORKS, 'front, back')
  const made = JSON.parse(plain(JSON.stringify(ordered(objects)))) as Objects
  // The builder's output names images that are gone.
  return { ...made, code, stdout: plain(stdout).replace(SHORT, label), stderr: plain(stderr).replace(SHORT, label) }
}

function ordered(objects: Objects): unknown {
  return JSON.parse(JSON.stringify(objects), (key, value: unknown) => {
    return Array.isArray(value) && UNORDERED.has(key)
      ? value
          .map(sortable)
          .sort()
          .map(([, item]) => item)
      : value
  })
}

const sortable = (item: unknown) => [
  (item as { readonly Destination?: string }).Destination ?? JSON.stringify(item),
  item,
]
