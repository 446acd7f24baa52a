import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { PkiError } from './errors.ts'

export const PRIVATE_FILE = 0o600
export const PUBLIC_FILE = 0o644

/** Whether it is a system error with this code. */
export const isCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code

/** A sibling, because rename(2) and link(2) are atomic only within one filesystem. */
function writeTemporary(path: string, content: string, mode: number): string {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const file = openSync(temporary, 'wx', mode)
  try {
    // The umask may have taken bits that were asked for.
    fchmodSync(file, mode)
    writeFileSync(file, content)
    fsyncSync(file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  return temporary
}

/**
 * Makes a file that must not exist yet: other programs see all of it or nothing.
 * Throws PkiError when the path is taken; what is there stays as it is.
 */
export function writeNewFile(path: string, content: string, mode: number): void {
  const temporary = writeTemporary(path, content, mode)
  try {
    // rename(2) would replace what somebody else made meanwhile; link(2) fails instead.
    linkSync(temporary, path)
  } catch (error) {
    if (isCode(error, 'EEXIST')) throw new PkiError(`${path} exists already and is not overwritten`, { cause: error })
    throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Replaces a file at once: readers see the old content or the new, never a part. */
export function replaceFile(path: string, content: string, mode: number): void {
  const temporary = writeTemporary(path, content, mode)
  try {
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** The text of a file, or null when there is none. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    throw new PkiError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/**
 * The text of a private key's file, or null when there is none.
 * Throws PkiError when others than its owner may read or write it: such a key is no longer a secret.
 */
export function readPrivateIfThere(path: string): string | null {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    throw new PkiError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  try {
    // The open file is asked, not the path: nothing can be swapped in between.
    const mode = fstatSync(file).mode & 0o777
    if ((mode & 0o077) !== 0) {
      throw new PkiError(`${path} may be read by others (mode 0${mode.toString(8)}); run: chmod 600 ${path}`)
    }
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/**
 * Makes a folder that only its owner may enter (0700), with its parents; one that exists is left as it is.
 * Throws PkiError when an existing one belongs to somebody else or others may write to it: keys put there could be swapped.
 */
export function makePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = statSync(folder)
  const self = process.geteuid?.()
  if (self !== undefined && found.uid !== self) {
    throw new PkiError(`${folder} belongs to uid ${found.uid}, not to you (uid ${self}); name another folder`)
  }
  if ((found.mode & 0o022) !== 0) {
    throw new PkiError(`others may write to ${folder}; run: chmod 700 ${folder}`)
  }
}
