import { printable } from '../../text.ts'

/** A mount as it was asked for. */
export interface MountFact {
  readonly type: string
  /** The path on the host with its links followed where they can be seen, a volume, an image; not there where it has none. */
  readonly source?: string
  readonly target: string
  readonly readOnly: boolean
  /** Where one is stated. */
  readonly propagation?: string
  /** Of a file system in memory, in bytes, where it is stated. */
  readonly size?: number
  /** Of a file system in memory: those of exec, suid and dev that are asked for. */
  readonly options?: readonly string[]
}

/** Most of a quantity; `unlimited` where the limit is lifted. */
export type Most = number | 'unlimited'

/** Bytes, processors, seconds or a count, each where it is stated. */
export interface LimitFacts {
  readonly memory?: Most
  readonly memorySwap?: Most
  readonly cpus?: Most
  readonly pids?: Most
  readonly shmSize?: Most
  readonly stopTimeout?: Most
  readonly ulimits?: Readonly<Record<string, Most>>
}

/** Items, each as a role would have to list it. */
type Texts = readonly string[]

/**
 * What a request asks for, by the keys of a role that speak of it. There are no values of the environment, of labels, of
 * options or of build arguments here, no command lines, and nothing of a URL that may hold credentials.
 */
export interface Facts {
  readonly images?: Texts
  /** An image is named by its id, which only a role for every image allows. */
  readonly imageById?: true
  readonly mounts?: readonly MountFact[]
  /** By name; empty: without one. */
  readonly volumes?: Texts
  readonly networks?: Texts
  readonly capabilities?: Texts
  readonly devices?: readonly { readonly path: string; readonly permissions: string }[]
  readonly gpus?: { readonly count?: Most; readonly devices?: Texts; readonly drivers?: Texts }
  readonly hostNamespaces?: Texts
  readonly privileged?: true
  readonly runtimes?: Texts
  readonly securityOptions?: Texts
  readonly sysctls?: Texts
  /** As a role lists them: `127.0.0.1:8080/tcp`. */
  readonly ports?: Texts
  readonly user?: string
  /** Beside the user's own. */
  readonly groups?: Texts
  readonly logDrivers?: Texts
  /** There are options for the default log driver, whichever that is. */
  readonly logOptions?: true
  readonly restart?: Texts
  readonly limits?: LimitFacts
  /** How many. */
  readonly labels?: number
  readonly autoRemove?: true
  readonly hostFields?: Texts
  readonly unknownFields?: Texts
  readonly exec?: {
    readonly user?: string
    readonly privileged?: true
    /** The program without its directory: `sh`, or `…/sh` where one was stated. */
    readonly command?: string
    /** Names alone. */
    readonly environment?: Texts
  }
  /** What is typed goes into a container's first process. */
  readonly attachInput?: true
  readonly build?: {
    readonly buildkit?: true
    readonly networks?: Texts
    readonly remotes?: Texts
    readonly arguments?: Texts
    readonly cacheFrom?: Texts
    readonly outputs?: Texts
    readonly entitlements?: Texts
    readonly limits?: LimitFacts
  }
  /** Names that images get. */
  readonly tags?: Texts
  readonly pull?: Texts
  readonly push?: Texts
  /** Of a service, which the engine keeps. */
  readonly credentials?: true
  /** Which of load, import, save and export. */
  readonly transfer?: Texts
  readonly archive?: { readonly get?: Texts; readonly put?: Texts }
  /** Something was left out, shortened, or cannot be said by what a role lists. */
  readonly cut?: true
}

const MOST_ITEMS = 32
const TEXT_LENGTH = 256
/** Of all items together: a record is one line that is read and kept. */
const MOST_TEXT = 8192

/** Collects facts, so many of each kind and so long. */
export interface FactSheet {
  /** The text as it may be written; a shortened one ends in `…`, and the sheet says so. */
  text(text: string): string
  /** Adds an item to a list, once. */
  add(list: string, item: string | object): void
  /** As the last that was said. */
  set(key: string, value: unknown): void
  cut(): void
  /** What stands at the key, for a part of a part: `build`. */
  part(key: string): Pick<FactSheet, 'add' | 'set'> & { /** It is there, whatever is in it. */ begin(): void }
  /** Null: nothing was asked for. */
  facts(): Facts | null
}

type Values = Record<string, unknown>

export function createFactSheet(): FactSheet {
  const values: Values = {}
  let length = 0
  const cut = () => {
    values.cut = true
  }
  const text = (given: string) => {
    const written = printable(given, TEXT_LENGTH)
    if (written !== given) cut()
    return written
  }
  const adder = (holder: () => Values) => (list: string, item: string | object) => {
    const at = holder()
    const items = (at[list] ?? []) as (string | object)[]
    at[list] = items
    const written = typeof item === 'string' ? text(item) : item
    if (items.includes(written)) return
    const size = JSON.stringify(written).length
    if (items.length >= MOST_ITEMS || length + size > MOST_TEXT) {
      cut()
      return
    }
    length += size
    items.push(written)
  }
  const set = (holder: Values, key: string, value: unknown) => {
    holder[key] = value
  }
  return {
    text,
    cut,
    add: adder(() => values),
    set: (key, value) => set(values, key, value),
    part: (key) => {
      const holder = () => {
        values[key] ??= {}
        return values[key] as Values
      }
      return { add: adder(holder), set: (inner, value) => set(holder(), inner, value), begin: () => void holder() }
    },
    facts: () => (Object.keys(values).length === 0 ? null : (values as Facts)),
  }
}
