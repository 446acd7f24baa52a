import type { Place } from './command.ts'
import type { Option } from './flags.ts'
import type { Root } from './root.ts'
import { change, type Finding } from './types.ts'

export const DAEMON_JSON = '/etc/docker/daemon.json'

/** The options that the checks know, with the kind of value that dockerd takes. */
const KINDS: ReadonlyMap<Option, 'list' | 'text' | 'switch'> = new Map([
  ['hosts', 'list'],
  ['authorization-plugins', 'list'],
  ['group', 'text'],
  ['icc', 'switch'],
  ['live-restore', 'switch'],
  ['tls', 'switch'],
  ['tlscacert', 'text'],
  ['tlscert', 'text'],
  ['tlskey', 'text'],
  ['tlsverify', 'switch'],
  ['userns-remap', 'text'],
])

/** An option with its value in daemon.json. */
interface FileOption {
  readonly option: Option
  /** One for each element of a list. */
  readonly value: string
  readonly place: Place
}

export interface DaemonJson {
  readonly file: string
  readonly options: readonly FileOption[]
  readonly findings: readonly Finding[]
}

/** Reads dockerd's configuration file. */
export function readDaemonJson(root: Root, file: string): DaemonJson {
  const text = root.read(file)
  // dockerd takes a file of nothing but blanks as one without options.
  if (text === null || text.trim() === '') return { file, options: [], findings: [] }
  const document = parsed(text)
  if (document === null) return { file, options: [], findings: [broken(file)] }
  const findings: Finding[] = []
  const options = [...KINDS].flatMap(([option, kind]) => {
    const value = document[option]
    if (value === undefined || value === null) return []
    const values = valuesOf(value, kind)
    const place = { file, line: lineOf(text, option) }
    if (values === null) findings.push(wrongKind(place, option, kind))
    return (values ?? []).map((one) => ({ option, value: one, place }))
  })
  return { file, options, findings }
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

function valuesOf(value: unknown, kind: 'list' | 'text' | 'switch'): string[] | null {
  if (kind === 'switch') return typeof value === 'boolean' ? [String(value)] : null
  if (kind === 'text') return typeof value === 'string' ? [value] : null
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : null
}

/** For a person to find it: the first line that has the key. */
function lineOf(text: string, key: string): number {
  return text.split('\n').findIndex((line) => line.includes(JSON.stringify(key))) + 1
}

function broken(file: string): Finding {
  return {
    id: 'daemon-json-broken',
    severity: 'warning',
    where: file,
    what: `${file} is no JSON object`,
    why: 'dockerd does not start with it, and what it was meant to say is not known here.',
    change: change({
      file,
      text: `correct it; "dockerd --validate --config-file ${file}" says where it is wrong (Docker 23 and newer)`,
    }),
  }
}

function wrongKind({ file, line }: Place, option: Option, kind: 'list' | 'text' | 'switch'): Finding {
  const wanted = { list: 'a list of strings', text: 'a string', switch: 'true or false' }[kind]
  return {
    id: 'daemon-json-broken',
    severity: 'warning',
    where: `${file}:${line}`,
    what: `"${option}" is not ${wanted}`,
    why: 'dockerd does not start with it, and what it was meant to say is not known here.',
    change: change({ file, text: `write ${wanted} there, or take the key out` }),
  }
}

/**
 * One key with its value, as it is written into the object. Never the whole document: options of log drivers and proxies
 * in it may hold passwords.
 */
export function keyLine(key: Option, value: unknown): string {
  return `${JSON.stringify(key)}: ${JSON.stringify(value)}`
}
