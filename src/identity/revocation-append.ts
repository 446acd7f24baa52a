import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { formatEntry, type RevocationEntry } from './revocation-entry.ts'
import { readRevocationFile } from './revocation-file.ts'

const LINE_FEED = 0x0a
const OWNER_ONLY = 0o600

/**
 * Appends an entry to a revocation file in one write, and waits until it is on the disk. A file that gates would not
 * read is left alone: an entry in it would stop nobody.
 *
 * @returns whether the file was made, for its owner alone
 * @throws Error with a message for the operator
 */
export function addEntry(file: string, entry: RevocationEntry): boolean {
  const isNew = !existsSync(file)
  const read = isNew ? { entries: [] } : readRevocationFile(file)
  if ('problems' in read)
    throw new Error(`nothing was written, as gates do not read this file:\n${read.problems.join('\n')}`)
  const handle = openSync(file, 'a+', OWNER_ONLY)
  try {
    // Whoever edits by hand may have left the last line without its end.
    const line = Buffer.from(`${endsInsideLine(handle) ? '\n' : ''}${formatEntry(entry)}\n`)
    const written = writeSync(handle, line)
    if (written !== line.length)
      throw new Error(`${file}: only a part of the line could be written; repair its last line`)
    fsyncSync(handle)
    return isNew
  } finally {
    closeSync(handle)
  }
}

function endsInsideLine(handle: number): boolean {
  const { size } = fstatSync(handle)
  if (size === 0) return false
  const last = Buffer.alloc(1)
  readSync(handle, last, 0, 1, size - 1)
  return last[0] !== LINE_FEED
}
