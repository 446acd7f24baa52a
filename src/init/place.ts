import { hash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

/** A file of the new folder beside the one that is there. */
export interface PlacedFile {
  /** Relative to the folder. */
  readonly name: string
  readonly state: 'new' | 'changed' | 'same'
}

/** A folder that is made whole beside the real one, and put into its place at the end or not at all. */
export interface Place {
  /** Where to write: it has what the real folder has. */
  readonly staged: string
  /** Every file of the staged folder, sorted. */
  files(): readonly PlacedFile[]
  /**
   * Puts what is new or changed into the folder, each file at once. When one cannot be put, those that were are taken
   * back, and the error is thrown.
   */
  put(): void
  /** Removes what is staged; nothing else. */
  discard(): void
}

/** Copies of what was there, in case it has to be put back. */
const BEFORE = 'before'
const AFTER = 'after'

/** What init makes, and what it is made of; a ledger or records that lie there too are nobody's business here. */
function isKept(path: string): boolean {
  const facts = lstatSync(path)
  return facts.isDirectory() || (facts.isFile() && /\.(pem|yaml|txt|service|json)$/.test(path))
}

/**
 * Begins a new version of a folder (absolute).
 *
 * @param group the group that may enter a folder that was not there, beside its owner; null: one's own
 * @param beside where to make it: a sibling of the folder when it is to be put, since rename(2) works within one filesystem
 */
export function openPlace(folder: string, group: number | null = null, beside = dirname(folder)): Place {
  const work = mkdtempSync(join(beside, `.${basename(folder)}.init-`))
  const staged = join(work, AFTER)
  const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
  const discard = () => rmSync(work, { recursive: true, force: true })
  try {
    if (isThere) cpSync(folder, staged, { recursive: true, filter: isKept, preserveTimestamps: true })
    else mkdirSync(staged)
    keepOwners(isThere ? folder : null, staged)
    if (!isThere) {
      // Whatever the umask. As the unit's ConfigurationDirectory=.
      chmodSync(staged, 0o750)
      if (group !== null) chownSync(staged, -1, group)
    }
  } catch (error) {
    discard()
    throw error
  }
  const before = new Map(filesOf(staged).map((name) => [name, fingerprint(join(staged, name))]))
  const files = () =>
    filesOf(staged).map((name): PlacedFile => {
      const old = before.get(name)
      const state = old === undefined ? 'new' : old === fingerprint(join(staged, name)) ? 'same' : 'changed'
      return { name, state }
    })
  const backup = join(work, BEFORE)
  return { staged, files, discard, put: () => put(files(), { folder, staged, before, backup, isThere }) }
}

/** cp(2) makes files of one's own; a key that belongs to the service goes on to. */
function keepOwners(from: string | null, to: string): void {
  if (from === null || process.geteuid?.() !== 0) return
  for (const name of ['', ...readdirSync(to, { recursive: true, encoding: 'utf8' })]) {
    const { uid, gid } = statSync(join(from, name))
    chownSync(join(to, name), uid, gid)
  }
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

/** Of a file's content, mode and owner. */
function fingerprint(path: string): string {
  const { mode, uid, gid } = statSync(path)
  return `${mode} ${uid} ${gid} ${hash('sha256', readFileSync(path), 'hex')}`
}

interface Way {
  readonly folder: string
  readonly staged: string
  /** Fingerprints of what was there at the beginning, by name. */
  readonly before: ReadonlyMap<string, string>
  readonly backup: string
  readonly isThere: boolean
}

function put(files: readonly PlacedFile[], { folder, staged, before, backup, isThere }: Way): void {
  if (!isThere) {
    renameSync(staged, folder)
    return
  }
  const undo: (() => void)[] = []
  try {
    for (const { name, state } of files) {
      if (state === 'same') continue
      const target = join(folder, name)
      checkUntouched(target, before.get(name) ?? null)
      makeFolders(folder, staged, dirname(name), undo)
      const copy = join(backup, name)
      if (state === 'changed') {
        mkdirSync(dirname(copy), { recursive: true })
        linkSync(target, copy)
      }
      renameSync(join(staged, name), target)
      undo.push(() => (state === 'changed' ? renameSync(copy, target) : rmSync(target)))
    }
  } catch (error) {
    for (const step of undo.reverse()) step()
    throw error
  }
}

/** Somebody else may have issued or revoked a certificate meanwhile: that is not to be lost. */
function checkUntouched(target: string, before: string | null): void {
  const found = lstatSync(target, { throwIfNoEntry: false })
  if (found?.isSymbolicLink()) {
    throw new Error(`${target} is a link, and whoever made it looks after it; write to another --folder`)
  }
  const now = found === undefined ? null : found.isFile() ? fingerprint(target) : ''
  if (now !== before) throw new Error(`${target} was changed by somebody else meanwhile; run it again`)
}

/** The folders above a file, with the modes that the staged ones have. */
function makeFolders(folder: string, staged: string, name: string, undo: (() => void)[]): void {
  const target = join(folder, name)
  if (statSync(target, { throwIfNoEntry: false }) !== undefined) return
  makeFolders(folder, staged, dirname(name), undo)
  const { mode, uid, gid } = statSync(join(staged, name))
  mkdirSync(target)
  undo.push(() => rmSync(target, { recursive: true }))
  chmodSync(target, mode & 0o7777)
  chownSync(target, uid, gid)
}
