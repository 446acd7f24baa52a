/** Options of dockerd that the checks know, by their key in daemon.json; what dockerd's command line calls them. */
const LONG: ReadonlyMap<string, Option> = new Map([
  ['host', 'hosts'],
  ['authorization-plugin', 'authorization-plugins'],
  ['config-file', 'config-file'],
  ['group', 'group'],
  ['icc', 'icc'],
  ['live-restore', 'live-restore'],
  ['tls', 'tls'],
  ['tlscacert', 'tlscacert'],
  ['tlscert', 'tlscert'],
  ['tlskey', 'tlskey'],
  ['tlsverify', 'tlsverify'],
  ['userns-remap', 'userns-remap'],
])
const SHORT: ReadonlyMap<string, Option> = new Map([
  ['H', 'hosts'],
  ['G', 'group'],
])
/** Short flags without a value: others may follow in the same word. */
const SHORT_SWITCHES = 'Dvh'
const SWITCHES: ReadonlySet<Option> = new Set(['icc', 'live-restore', 'tls', 'tlsverify'])

/** An option by its key in daemon.json; `config-file` is on the command line only. */
export type Option =
  | 'hosts'
  | 'authorization-plugins'
  | 'config-file'
  | 'group'
  | 'icc'
  | 'live-restore'
  | 'tls'
  | 'tlscacert'
  | 'tlscert'
  | 'tlskey'
  | 'tlsverify'
  | 'userns-remap'

/** An option on a command line. */
export interface Flag {
  readonly option: Option
  /** `true` or `false` of a switch. */
  readonly value: string
  /** The index of its first word, and how many it takes. */
  readonly at: number
  readonly words: number
}

/**
 * Finds the options that the checks know in dockerd's arguments, as its flag library reads them (spf13/pflag): `--host X`,
 * `--host=X`, `-H X`, `-HX`, `-H=X`, `-DH X`, `--tlsverify`, `--tlsverify=false`; `--` ends them.
 *
 * @param words without the program's own name
 */
export function parseFlags(words: readonly string[]): readonly Flag[] {
  const flags: Flag[] = []
  for (let at = 0; at < words.length; ) {
    const word = words[at] ?? ''
    if (word === '--') break
    const read = word.startsWith('--') ? readLong(word) : readShort(word)
    if (read === null) {
      at += 1
      continue
    }
    const value = read.value ?? words[at + 1]
    const taken = read.value === undefined ? 2 : 1
    if (value !== undefined && read.option !== null) flags.push({ option: read.option, value, at, words: taken })
    at += taken
  }
  return flags
}

/** Null: not of interest, and takes no further word. Without a value: the next word is it. */
type Read = { readonly option: Option | null; readonly value: string | undefined } | null

function readLong(word: string): Read {
  const equals = word.indexOf('=')
  const option = LONG.get(equals < 0 ? word.slice(2) : word.slice(2, equals))
  if (option === undefined) return null
  if (equals < 0) return { option, value: SWITCHES.has(option) ? 'true' : undefined }
  const value = word.slice(equals + 1)
  return { option, value: SWITCHES.has(option) ? String(isTrue(value)) : value }
}

function readShort(word: string): Read {
  if (!word.startsWith('-')) return null
  let at = 1
  while (at < word.length && SHORT_SWITCHES.includes(word[at] ?? '')) at += 1
  const letter = word[at]
  if (letter === undefined) return null
  const rest = word.slice(at + 1)
  return { option: SHORT.get(letter) ?? null, value: rest === '' ? undefined : rest.replace(/^=/, '') }
}

/** Go's strconv.ParseBool. */
function isTrue(text: string): boolean {
  return ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)
}
