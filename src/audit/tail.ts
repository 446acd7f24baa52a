import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { GENESIS, type Head, lineHash } from './chain.ts'

/** Where a chain goes on: what is at the end of the file. */
export interface Tail {
  /** Of the last whole line; the beginning where there is none, or it is in no chain. */
  readonly head: Head
  /** What stands behind the last line feed: a line whose writing was broken off. */
  readonly torn: { readonly bytes: number; readonly sha256: string } | null
  /** There is no line at all. */
  readonly empty: boolean
}

/** More than the longest record. */
const MOST_LINE = 1024 * 1024
const LINE_FEED = 10

/**
 * Reads the end of a file of records.
 *
 * @throws Error when it cannot be read, or is no file of lines
 */
export function readTail(file: string): Tail {
  const end = readEnd(file)
  if (end.length === 0) return { head: GENESIS, torn: null, empty: true }
  const last = end.lastIndexOf(LINE_FEED)
  const rest = end.subarray(last + 1)
  if (rest.length > MOST_LINE) throw new Error(`records.file ${file}: it does not end in lines of records`)
  const torn = rest.length === 0 ? null : { bytes: rest.length, sha256: lineHash(rest) }
  if (last < 0) return { head: GENESIS, torn, empty: false }
  const before = last === 0 ? -1 : end.lastIndexOf(LINE_FEED, last - 1)
  const line = end.subarray(before + 1, last)
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
