import { printable, quoted } from '../text.ts'
import type { ArchiveEntry } from './archive-entry.ts'
import { malformed } from './archive-header.ts'
import type { Finding } from './judge/types.ts'

/** What the entries of an archive may be. */
export interface ArchiveRules {
  /** Symbolic links may lead anywhere; false: to what lies below the directory that is written to. */
  readonly anyLinks: boolean
  /** Device nodes, fifos, setuid and setgid files and attributes such as file capabilities may be there. */
  readonly special: boolean
  /** Makes an error of what the role does not allow. */
  readonly refuse: (finding: Finding) => Error
  /** Looks into some entries; without it, none is looked into. */
  readonly watch?: ArchiveWatch
}

/**
 * Whoever reads an archive whole before it does anything has done nothing yet when this looks into it: its end waits.
 */
export interface ArchiveWatch {
  /** Whether an entry's content is to be kept, by the entry as it is sent (`./a/b`); throws to refuse the archive. */
  wants(entry: ArchiveEntry): boolean
  /** The whole content of a wanted entry: as many bytes as the entry said. */
  read(entry: ArchiveEntry, content: Buffer): void
  /** Who gets the content of an entry as it goes by; null: nobody. */
  pass?(entry: ArchiveEntry): Passing | null
  /** Every entry went by; a rejection, or an error, refuses the archive. */
  end(): Promise<void>
}

/** Gets one entry's content, piece by piece; what it writes down of a piece it must copy before it first waits. */
export interface Passing {
  write(data: Buffer): Promise<void>
  end(): Promise<void>
  /** Called in any case, and last. */
  close(): void
}

const NAME_SHOWN = 80
const PATH_BYTES = 4095
const SPECIAL = new Set<ArchiveEntry['type']>(['character device', 'block device', 'fifo'])
const SETUID = 0o4000
const SETGID = 0o2000

/** Attributes that carry no privilege (xattr(7)). */
const PLAIN_ATTRIBUTES = 'user.'

/**
 * Judges an entry and answers it with its name, and that of a hard link's target, in the one spelling that is sent:
 * `./a/b`.
 *
 * @throws Refusal `body-malformed` for a name or a hard link that leads elsewhere in any reading; what `rules.refuse` makes
 */
export function checkEntry(entry: ArchiveEntry, rules: ArchiveRules): ArchiveEntry {
  const segments = segmentsOf(entry, entry.name)
  if (segments.length === 0 && entry.type !== 'directory') throw malformed(`a ${entry.type} without a name`)
  if (!rules.special) refuseSpecial(entry, rules)
  const name = `./${segments.join('/')}`
  switch (entry.type) {
    case 'directory':
      return { ...entry, name: segments.length === 0 ? name : `${name}/` }
    case 'hard link':
      return { ...entry, name, link: `./${segmentsOf(entry, entry.link).join('/')}` }
    case 'symbolic link':
      checkSymbolicLink(entry, segments.length - 1, rules)
      return { ...entry, name }
    default:
      return { ...entry, name }
  }
}

/** The archive cannot be looked into. */
export function refuseCompression(name: string, { refuse }: ArchiveRules): Error {
  const why = 'what is in it cannot be judged: send it plain, or compressed with gzip'
  return refuse({ field: '(body)', asked: `an archive compressed with ${name}`, key: 'archive.put', why })
}

function segmentsOf(entry: ArchiveEntry, name: string): string[] {
  const where = `${entry.type} ${shown(entry.name)}`
  if (name.startsWith('/')) throw malformed(`${where} is named by an absolute path; write it relative`)
  if (name.length > PATH_BYTES) throw malformed(`${where} has a name that no file can have`)
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.')
  if (segments.includes('..')) throw malformed(`${where} has ".." in its name`)
  return segments
}

function refuseSpecial(entry: ArchiveEntry, rules: ArchiveRules): void {
  const what = specialIn(entry)
  if (what === null) return
  const why = 'only a role with workload.privileged: true may bring it in'
  throw rules.refuse({ field: fieldOf(entry), asked: what, key: 'workload.privileged', why })
}

function specialIn(entry: ArchiveEntry): string | null {
  if (SPECIAL.has(entry.type)) return `a ${entry.type}`
  // Of a directory they give no privilege.
  if (entry.type !== 'directory' && (entry.mode & SETUID) !== 0) return `a setuid ${entry.type}`
  if (entry.type !== 'directory' && (entry.mode & SETGID) !== 0) return `a setgid ${entry.type}`
  const attribute = [...entry.attributes.keys()].find((name) => !name.startsWith(PLAIN_ATTRIBUTES))
  return attribute === undefined ? null : `the attribute ${shown(attribute)}`
}

function checkSymbolicLink(entry: ArchiveEntry, depth: number, rules: ArchiveRules): void {
  if (entry.link === '' || entry.link.length > PATH_BYTES || entry.link.includes('\0')) {
    throw malformed(`symbolic link ${shown(entry.name)} leads nowhere`)
  }
  if (rules.anyLinks || staysBelow(entry.link, depth)) return
  const why =
    'where archive.put lists directories, a symbolic link must be relative, stay below the one that is written to, and lead no higher than where it is'
  throw rules.refuse({
    field: fieldOf(entry),
    asked: `a symbolic link to ${shown(entry.link)}`,
    key: 'archive.put',
    why,
  })
}

/**
 * Whether a symbolic link in a directory so deep below the one that is written to stays below it, whatever other such
 * links there are. Comparing names is not enough: with `a -> .`, the link `a/../..` is named inside and leads out. So
 * every link must lead to a place at least as deep as its own. Then no path is ever less deep than its name, and going
 * up from it by no more than its name has, before anything else, cannot leave.
 */
function staysBelow(target: string, depth: number): boolean {
  if (target.startsWith('/')) return false
  const segments = target.split('/').filter((segment) => segment !== '' && segment !== '.')
  const down = segments.findIndex((segment) => segment !== '..')
  const up = down < 0 ? segments.length : down
  return up <= depth && segments.length - up > up && !segments.slice(up).includes('..')
}

function fieldOf(entry: ArchiveEntry): string {
  return `(body)[${shown(entry.name)}]`
}

/** Names in archives are UTF-8 as a rule. */
function shown(bytes: string): string {
  return printable(quoted(Buffer.from(bytes, 'latin1').toString(), NAME_SHOWN), NAME_SHOWN + 2)
}
