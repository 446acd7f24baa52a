import { readFileSync, statSync } from 'node:fs'
import { parseEntry, type RevocationEntry, RevocationError } from './revocation-entry.ts'

const MAX_BYTES = 32 * 1024 * 1024
const MAX_ENTRIES = 100_000
/** A file that is broken throughout is told by its first lines. */
const MAX_PROBLEMS = 5
/** Written by the group or by others: they could let anybody back in. */
const WRITTEN_BY_OTHERS = 0o022

/**
 * Reads a revocation file: JSON lines, each a `RevocationEntry`; empty lines are left out.
 *
 * @returns the entries in the order of the file, or what is wrong: each problem begins with the file, and the line where
 *   it is one of a line (`revoked.jsonl:3: has the unknown key "sub"`)
 */
export function readRevocationFile(
  file: string,
): { readonly entries: readonly RevocationEntry[] } | { readonly problems: readonly string[] } {
  let text: string
  try {
    const facts = statSync(file)
    if (!facts.isFile()) return { problems: [`${file} is not a regular file`] }
    if (facts.size > MAX_BYTES) return { problems: [`${file} is larger than ${MAX_BYTES / 1024 / 1024} MiB`] }
    if ((facts.mode & WRITTEN_BY_OTHERS) !== 0) {
      return { problems: [`${file} may be written by others than its owner: chmod 600 ${file}`] }
    }
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    return { problems: [`${file} ${whyUnreadable(error as NodeJS.ErrnoException, file)}`] }
  }
  return readLines(file, text.split('\n'))
}

function readLines(file: string, lines: readonly string[]): ReturnType<typeof readRevocationFile> {
  const entries: RevocationEntry[] = []
  const problems: string[] = []
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    if (entries.length === MAX_ENTRIES) {
      return { problems: [`${file} has more than ${MAX_ENTRIES} lines: take out those whose tokens have expired`] }
    }
    try {
      entries.push(parseEntry(line))
    } catch (error) {
      if (!(error instanceof RevocationError)) throw error
      const message = error.message.startsWith(':') ? error.message.slice(2) : `the line ${error.message}`
      problems.push(`${file}:${index + 1}: ${message}`)
      if (problems.length === MAX_PROBLEMS) break
    }
  }
  return problems.length > 0 ? { problems } : { entries }
}

function whyUnreadable({ code, message }: NodeJS.ErrnoException, file: string): string {
  if (code === 'ENOENT') return `does not exist; make an empty one: touch ${file} && chmod 600 ${file}`
  return code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is not UTF-8 text' : `cannot be read: ${message}`
}
