import { posix } from 'node:path'
import type { Root } from './root.ts'
import { parseUnitFile, type UnitLine } from './unit-file.ts'

/** systemd.unit(5), "Unit File Search Path" of the system manager: the first folder wins. */
const FOLDERS = [
  '/etc/systemd/system.control',
  '/run/systemd/system.control',
  '/run/systemd/transient',
  '/run/systemd/generator.early',
  '/etc/systemd/system',
  '/etc/systemd/system.attached',
  '/run/systemd/system',
  '/run/systemd/system.attached',
  '/run/systemd/generator',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
  '/run/systemd/generator.late',
]

export interface PlacedLine extends UnitLine {
  readonly file: string
}

export interface Unit {
  readonly name: string
  /** The unit file; null when there are at most drop-ins. */
  readonly file: string | null
  /** It cannot be started: it is empty, or a link to /dev/null. */
  readonly masked: boolean
  /** In the order in which they are read. */
  readonly dropIns: readonly string[]
  /** Of the unit file and all drop-ins, in that order. */
  readonly lines: readonly PlacedLine[]
}

/** Reads a unit as systemd puts it together, or null when there is neither a file nor a drop-in of it. */
export function readUnit(root: Root, name: string): Unit | null {
  const file = FOLDERS.map((folder) => `${folder}/${name}`).find((path) => isThere(root, path)) ?? null
  const own = file === null ? null : readAt(root, file)
  const dropIns = findDropIns(root, name)
  if (file === null && dropIns.length === 0) return null
  const parts = [...(own === null || file === null ? [] : [{ file, text: own }]), ...dropIns]
  return {
    name,
    file,
    masked: file !== null && own === '',
    dropIns: dropIns.map((one) => one.file),
    lines: parts.flatMap((part) => parseUnitFile(part.text).map((line) => ({ ...line, file: part.file }))),
  }
}

/**
 * Drop-ins of the unit and of its type, by file name whatever the folder; of two with one name the first folder's is read,
 * and those of the unit come before those of the type (systemd.unit(5)). One that is empty takes the others out.
 */
function findDropIns(root: Root, name: string): { file: string; text: string }[] {
  const type = name.slice(name.lastIndexOf('.') + 1)
  const chosen = new Map<string, string>()
  for (const folder of [`${name}.d`, `${type}.d`].flatMap((own) => FOLDERS.map((folder) => `${folder}/${own}`))) {
    for (const entry of root.list(folder)) {
      if (entry.endsWith('.conf') && !chosen.has(entry)) chosen.set(entry, `${folder}/${entry}`)
    }
  }
  return [...chosen]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, file]) => {
      const text = readAt(root, file)
      return text === null || text === '' ? [] : [{ file, text }]
    })
}

/** A link to /dev/null is the same as an empty file. */
function readAt(root: Root, path: string): string | null {
  return isMask(root, path) ? '' : root.read(path)
}

function isThere(root: Root, path: string): boolean {
  return isMask(root, path) || root.facts(path) !== null
}

function isMask(root: Root, path: string): boolean {
  const target = root.link(path)
  return target !== null && posix.resolve(posix.dirname(path), target) === '/dev/null'
}
