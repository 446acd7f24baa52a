import {
  BLOCK_BYTES,
  decodeHeader,
  encodeHeader,
  fitsName,
  fitsOwner,
  LARGEST,
  malformed,
  type TarHeader,
} from './archive-header.ts'
import { type ByteInput, cutOff } from './archive-input.ts'
import { decodeRecords, encodeRecords, type Records } from './archive-records.ts'

type EntryType = 'file' | 'hard link' | 'symbolic link' | 'character device' | 'block device' | 'directory' | 'fifo'

/** One entry of an archive with all that the engine reads of it. Text is kept byte for byte, one character a byte. */
export interface ArchiveEntry {
  readonly type: EntryType
  /** As it was written. */
  readonly name: string
  /** Of a link: its target, as it was written; otherwise empty. */
  readonly link: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes that follow; of files alone. */
  readonly size: number
  readonly user: string
  readonly group: string
  readonly major: number
  readonly minor: number
  /** Seconds since 1970, with or without a fraction. */
  readonly modified: string
  /** As `modified`; null where it is not said. */
  readonly accessed: string | null
  /** Extended attributes by name, such as `user.origin`. */
  readonly attributes: Records
}

const TYPES: ReadonlyMap<string, EntryType> = new Map([
  ['0', 'file'],
  ['1', 'hard link'],
  ['2', 'symbolic link'],
  ['3', 'character device'],
  ['4', 'block device'],
  ['5', 'directory'],
  ['6', 'fifo'],
])
const FLAGS = new Map([...TYPES].map(([flag, type]) => [type, flag]))

/** Linux's PATH_MAX, without its terminating NUL. */
const PATH_BYTES = 4095
/** Of one extended header. */
const RECORDS_BYTES = 1024 * 1024

const ATTRIBUTE = 'SCHILY.xattr.'
const SPARSE = 'GNU.sparse.'
const NO_RECORDS: Records = new Map()

/** What stands before an entry and says more of it than its own header. */
interface Before {
  records: Records | null
  name: string | null
  link: string | null
}

/**
 * Reads the next entry, with the headers that extend it: long names (GNU) and records (pax); as Go's archive/tar reads
 * them, but for what it takes in one way or another, which is refused. Global records are left out, as the engine does.
 * What it knows nothing of is left out too. Null at the end.
 *
 * @throws Refusal `body-malformed`
 */
export async function readEntry(input: ByteInput): Promise<ArchiveEntry | null> {
  const before: Before = { records: null, name: null, link: null }
  for (;;) {
    const block = await input.take(BLOCK_BYTES)
    const header = block === null ? null : decodeHeader(block)
    const pending = before.records !== null || before.name !== null || before.link !== null
    if (header === null) {
      if (pending) throw cutOff()
      if (block !== null) await takeEndMark(input)
      return null
    }
    switch (header.type) {
      case 'x':
        if (before.records !== null) throw twice()
        before.records = decodeRecords(await takeExtension(input, header, RECORDS_BYTES))
        break
      case 'g':
        // Go forgets what stands before it.
        if (pending) throw malformed('a global header between an extended header and its entry')
        await takeExtension(input, header, RECORDS_BYTES)
        break
      case 'L':
        if (before.name !== null) throw twice()
        before.name = longText(await takeExtension(input, header, PATH_BYTES + 1))
        break
      case 'K':
        if (before.link !== null) throw twice()
        before.link = longText(await takeExtension(input, header, PATH_BYTES + 1))
        break
      default:
        return entryOf(header, before)
    }
  }
}

/** The second block of zeros; Go takes the archive's end in its place. */
async function takeEndMark(input: ByteInput): Promise<void> {
  const block = await input.take(BLOCK_BYTES)
  if (block !== null && decodeHeader(block) !== null) throw malformed('entries behind a block of zeros')
}

async function takeExtension(input: ByteInput, { size }: TarHeader, most: number): Promise<Buffer> {
  if (size > most) throw malformed(`an extended header of more than ${most} bytes`)
  const bytes = size === 0 ? Buffer.alloc(0) : await input.take(size + paddingOf(size))
  if (bytes === null) throw cutOff()
  return bytes.subarray(0, size)
}

/** The text before the first NUL; an empty one leaves what the header says. */
function longText(bytes: Buffer): string | null {
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end) || null
}

function twice(): Error {
  return malformed('two extended headers of a kind for one entry')
}

function entryOf(header: TarHeader, before: Before): ArchiveEntry {
  const records = before.records ?? NO_RECORDS
  const name = oneOf(before.name, said(records, 'path')) ?? header.name
  const type = typeOf(header, name)
  if (header.type === 'S' || [...records.keys()].some((name) => name.startsWith(SPARSE))) {
    throw malformed('a sparse file; write the archive without them')
  }
  if (type === undefined) throw malformed('an entry of a type that the engine does not know')
  const isLink = type === 'hard link' || type === 'symbolic link'
  return {
    type,
    name,
    link: isLink ? (oneOf(before.link, said(records, 'linkpath')) ?? header.link) : '',
    mode: header.mode & 0o7777,
    uid: integer(records, 'uid') ?? header.uid,
    gid: integer(records, 'gid') ?? header.gid,
    size: type === 'file' ? (integer(records, 'size') ?? header.size) : 0,
    user: said(records, 'uname') ?? header.user,
    group: said(records, 'gname') ?? header.group,
    major: header.major,
    minor: header.minor,
    modified: time(records, 'mtime') ?? String(header.modified),
    accessed: time(records, 'atime') ?? (header.accessed === null ? null : String(header.accessed)),
    attributes: attributesIn(records),
  }
}

/** V7 tells directories by their name alone. */
function typeOf(header: TarHeader, name: string): EntryType | undefined {
  if (header.type !== '\0') return TYPES.get(header.type)
  return name.endsWith('/') ? 'directory' : 'file'
}

/** Go lets the one overrule the other, and no program writes both. */
function oneOf(long: string | null, record: string | null): string | null {
  if (long !== null && record !== null) throw malformed('two names for one entry')
  return long ?? record
}

/** An empty record leaves what the header says. */
function said(records: Records, name: string): string | null {
  const value = records.get(name)
  if (value?.includes('\0')) throw malformed(`an extended header with a NUL in ${name}`)
  return value === undefined || value === '' ? null : value
}

function integer(records: Records, name: string): number | null {
  const value = said(records, name)
  if (value === null) return null
  const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(number)) throw malformed(`an extended header whose ${name} is no number`)
  return number
}

function time(records: Records, name: string): string | null {
  const value = said(records, name)
  if (value === null) return null
  if (!/^-?[0-9]{1,12}(?:\.[0-9]{1,18})?$/.test(value)) throw malformed(`an extended header whose ${name} is no time`)
  return value
}

function attributesIn(records: Records): Records {
  const attributes = new Map<string, string>()
  for (const [name, value] of records) {
    if (name.startsWith(ATTRIBUTE)) attributes.set(name.slice(ATTRIBUTE.length), value)
  }
  return attributes
}

/**
 * Writes an entry's headers: one that every reader takes for the same, with records for what does not fit. The name is
 * to begin with `./`, so that no archive begins with what the engine takes for a compression.
 */
export function encodeEntry(entry: ArchiveEntry): Buffer {
  const header = headerOf(entry)
  const records = recordsOf(entry)
  if (records.size === 0) return encodeHeader(header)
  const bytes = encodeRecords(records)
  const extension = { ...header, name: './PaxHeader', type: 'x', link: '', size: bytes.length }
  return Buffer.concat([encodeHeader(extension), bytes, Buffer.alloc(paddingOf(bytes.length)), encodeHeader(header)])
}

function headerOf(entry: ArchiveEntry): Omit<TarHeader, 'accessed'> {
  return { ...entry, type: FLAGS.get(entry.type) ?? '', modified: Math.floor(Number(entry.modified)) }
}

function recordsOf(entry: ArchiveEntry): Records {
  const records = new Map<string, string>()
  if (!fitsName(entry.name)) records.set('path', entry.name)
  if (!fitsName(entry.link)) records.set('linkpath', entry.link)
  if (!fitsOwner(entry.user)) records.set('uname', entry.user)
  if (!fitsOwner(entry.group)) records.set('gname', entry.group)
  if (entry.uid > LARGEST.id) records.set('uid', String(entry.uid))
  if (entry.gid > LARGEST.id) records.set('gid', String(entry.gid))
  if (entry.size > LARGEST.size) records.set('size', String(entry.size))
  const seconds = Number(entry.modified)
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > LARGEST.modified) records.set('mtime', entry.modified)
  if (entry.accessed !== null) records.set('atime', entry.accessed)
  for (const [name, value] of entry.attributes) records.set(`${ATTRIBUTE}${name}`, value)
  return records
}

/** How many bytes fill the last block of so many bytes. */
export function paddingOf(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES
}
