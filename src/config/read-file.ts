import { readFileSync, statSync } from 'node:fs'
import type { Findings } from './findings.ts'

const MAX_FILE_BYTES = 1024 * 1024

/** Reads a file of at most 1 MiB of UTF-8 text. `problem` says what is wrong with the file, without its name. */
export function readSmallFile(
  file: string,
): { readonly text: string; readonly bytes: Buffer } | { readonly problem: string } {
  try {
    const facts = statSync(file)
    if (facts.isDirectory()) return { problem: 'is a directory, not a file' }
    if (!facts.isFile()) return { problem: 'is not a regular file' }
    if (facts.size > MAX_FILE_BYTES) return { problem: 'is larger than 1 MiB' }
    const bytes = readFileSync(file)
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), bytes }
  } catch (error) {
    return { problem: whyUnreadable(error) }
  }
}

/** Reads a file as `readSmallFile` does; null after a problem, which names the file. */
export function readTextFile(path: readonly PropertyKey[], file: string, findings: Findings): string | null {
  const result = readSmallFile(file)
  if ('text' in result) return result.text
  findings.problem(path, `${file} ${result.problem}`)
  return null
}

/** Why a file or directory cannot be read, to be put behind its name. */
export function whyUnreadable(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'does not exist'
    case 'ENOTDIR':
      return 'does not exist: a part of its path is not a directory'
    case 'EACCES':
    case 'EPERM':
      return `cannot be read by user ${process.getuid?.()}: chown or chmod it`
    case 'ELOOP':
      return 'is a symbolic link that leads back to itself'
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'is not UTF-8 text'
    default:
      return `cannot be read: ${(error as Error).message}`
  }
}
