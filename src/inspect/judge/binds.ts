/** One entry of `HostConfig.Binds`, as moby's Linux parser reads it (`ParseMountRaw`, Docker Engine 20.10 to 29). */
export interface Bind {
  /** An absolute path for a directory of the host, otherwise the name of a volume; empty for a volume without a name. */
  readonly source: string
  readonly target: string
  /** What stands behind the second colon, as it is written. */
  readonly mode: string
  readonly readOnly: boolean
  /** Empty where none is given. */
  readonly propagation: string
  /** `z` or `Z`: the engine writes another SELinux label to every file. */
  readonly relabels: boolean
}

/** Of each kind of mode one may be given. */
const KINDS: readonly ReadonlySet<string>[] = [
  new Set(['ro', 'rw']),
  new Set(['z', 'Z']),
  new Set(['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared']),
  new Set(['nocopy']),
  new Set(['consistent', 'cached', 'delegated']),
]
/** Two paths as long as Linux takes them, and more than all modes. */
const LONGEST = 2 * 4096 + 256
const PROPAGATIONS = KINDS[2] as ReadonlySet<string>

/** Reads `target`, `source:target` or `source:target:mode`; null for what the engine would not take. */
export function parseBind(text: string): Bind | null {
  if (text.length > LONGEST) return null
  const [first = '', target, mode = '', ...more] = text.split(':')
  if (first === '' || more.length > 0) return null
  if (target === undefined) return bind('', first, '')
  // `/data:ro` is no source and target, and `/data:` is nothing.
  if (text.split(':').length === 2 && modesOf(target) !== null) return null
  return bind(first, target, mode)
}

/** As `parseBind` reads it back. */
export function writeBind({ source, target, mode }: Bind): string {
  return [source, target, mode].filter((part) => part !== '').join(':')
}

function bind(source: string, target: string, mode: string): Bind | null {
  const modes = modesOf(mode)
  if (modes === null || target === '') return null
  return {
    source,
    target,
    mode,
    readOnly: modes.includes('ro'),
    propagation: modes.find((each) => PROPAGATIONS.has(each)) ?? '',
    relabels: modes.includes('z') || modes.includes('Z'),
  }
}

function modesOf(text: string): readonly string[] | null {
  if (text === '') return []
  const modes = text.split(',')
  const known = modes.every((mode) => KINDS.some((kind) => kind.has(mode)))
  return known && KINDS.every((kind) => modes.filter((mode) => kind.has(mode)).length <= 1) ? modes : null
}
