import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { GENESIS, type Head, lineHash } from './chain.ts'

/** What is at the end of the file: where a chain goes on. */
export interface Tail {
  /** Of the last whole line; the beginning where there is none, or it is in no chain. */
  readonly head: Head
  /** What stands behind the last line feed: a line whose writing was broken off. */
  readonly torn: { readonly bytes: number; readonly sha256: string } | null
  readonly empty: boolean
}

/** More than the longest record. */
const MOST_LINE = 1024 * 1024
const LINE_FEED = 10
const NOTHING: Tail = { head: GENESIS, torn: null, empty: true }

/**
 * Reads the end of a file of records. Of one that is not there, or is no file (a pipe, a device), nothing is read.
 *
 * @throws Error when it cannot be read, or its end is longer than any record
 */
export function readTail(file: string): Tail {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return NOTHING
  const end = readEnd(file)
  if (end.length === 0) return NOTHING
  const last = end.lastIndexOf(LINE_FEED)
  const rest = end.subarray(last + 1)
  if (rest.length > MOST_LINE) throw new Error(`records.file ${file}: it does not end in lines of records`)
  const torn = rest.length === 0 ? null : { bytes: rest.length, sha256: lineHash(rest) }
  const before = last < 1 ? -1 : end.lastIndexOf(LINE_FEED, last - 1)
  const line = end.subarray(before + 1, Math.max(last, 0))
  const seq = seqOf(line)
  return { head: seq === null ? GENESIS : { seq, hash: lineHash(line) }, torn, empty: false }
}

/** Enough of it for a torn line and a whole one before. */
function readEnd(file: string): Buffer {
  const fd = openSync(file, 'r')
  try {
    const { size } = fstatSync(fd)
    const buffer = Buffer.alloc(Math.min(size, 2 * MOST_LINE + 2))
    let read = 0
    while (read < buffer.length) {
      const n = readSync(fd, buffer, read, buffer.length - read, size - buffer.length + read)
      if (n === 0) break
      read += n
    }
    return buffer.subarray(0, read)
  } finally {
    closeSync(fd)
  }
}

function seqOf(line: Buffer): number | null {
  try {
    const { seq, prev } = JSON.parse(line.toString()) as { seq?: unknown; prev?: unknown }
    return Number.isSafeInteger(seq) && typeof prev === 'string' ? (seq as number) : null
  } catch {
    return null
  }
}

/** The newest of the files that take turns under this name, as pino-roll names them; null when there is none yet. */
export function newestOf(file: string): string | null {
  const extension = extname(file)
  const base = `${basename(file, extension)}.`
  let newest: { readonly name: string; readonly date: string; readonly number: number } | null = null
  for (const name of readdirSync(dirname(file))) {
    if (!name.startsWith(base) || !name.endsWith(extension)) continue
    const [, date = '', number] = TURN.exec(name.slice(base.length, -extension.length)) ?? []
    if (number === undefined) continue
    const one = { name, date, number: Number(number) }
    if (newest === null || date > newest.date || (date === newest.date && one.number > newest.number)) newest = one
  }
  return newest && join(dirname(file), newest.name)
}

const TURN = /^(?:([0-9]{4}-[0-9]{2}-[0-9]{2}(?:-[0-9]{2})?)\.)?([0-9]{1,15})$/
