import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

const MAX_FILE_BYTES = 1024 * 1024
/** path_resolution(7): what Linux follows before it says ELOOP. */
const MAX_LINKS = 40

/** Owner, group and permission bits of a file. */
export interface FileFacts {
  readonly uid: number
  readonly gid: number
  readonly mode: number
  readonly isSocket: boolean
}

/** A root folder to look at. Paths are absolute inside of it; a link cannot lead out. Nothing here changes anything. */
export interface Root {
  /** `/`, or the folder that stands for it. */
  readonly folder: string
  /** The path with all links followed, inside the root; the path itself when links lead in a loop. */
  resolve(path: string): string
  /** Where the program finds it. */
  outside(path: string): string
  /** The text of a regular file (1 MiB at most); null when there is none, or when it cannot be read. */
  read(path: string): string | null
  /** Null when there is no such file, or when it cannot be asked. */
  facts(path: string): FileFacts | null
  /** Names in a folder, sorted; none when there is no such folder. */
  list(path: string): readonly string[]
  /** Where a link points to, as it is written; null when it is no link. */
  link(path: string): string | null
  /** What is there and could not be read: path to reason. */
  readonly unread: ReadonlyMap<string, string>
}

/** @param folder absolute */
export function openRoot(folder: string): Root {
  const unread = new Map<string, string>()
  // In the machine's own root the kernel follows links.
  const outside = (path: string) => (folder === '/' ? path : join(folder, followed(folder, path)))
  const attempt = <T>(path: string, otherwise: T, act: (real: string) => T): T => {
    try {
      return act(outside(path))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      // Processes come and go, and those of others are not for every user to see.
      const expected = code === 'ENOENT' || code === 'ENOTDIR' || path.startsWith('/proc/')
      if (!expected) unread.set(path, code === 'EACCES' ? 'not permitted' : message)
      return otherwise
    }
  }
  return {
    folder,
    resolve: (path) => attempt(path, path, () => followed(folder, path)),
    outside,
    unread,
    read: (path) => attempt(path, null, readBounded),
    facts: (path) => attempt(path, null, factsOf),
    list: (path) => attempt<readonly string[]>(path, [], (real) => readdirSync(real).sort()),
    link: (path) => linkAt(join(outside(dirname(path)), posix.basename(path))),
  }
}

function factsOf(path: string): FileFacts {
  const found = statSync(path)
  return { uid: found.uid, gid: found.gid, mode: found.mode & 0o7777, isSocket: found.isSocket() }
}

/** What is longer than the bound is not judged by its beginning. */
function readBounded(path: string): string {
  if (!statSync(path).isFile()) throw new Error('it is no regular file')
  if (path.startsWith('/proc/')) return readFileSync(path, 'utf8')
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    if (size > MAX_FILE_BYTES) throw new Error('it is larger than 1 MiB')
    const bytes = Buffer.alloc(size)
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, size, 0))
  } finally {
    closeSync(file)
  }
}

function linkAt(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}

/** Follows links by hand: the kernel would take an absolute one from the machine's own root. Throws Error on a loop. */
function followed(folder: string, path: string): string {
  const left = path.split('/').filter((part) => part !== '')
  let at = '/'
  for (let links = 0; left.length > 0; ) {
    const part = left.shift() ?? ''
    const next = part === '..' ? dirname(at) : posix.join(at, part)
    const target = part === '..' ? null : linkAt(join(folder, next))
    if (target === null) at = next
    else {
      links += 1
      if (links > MAX_LINKS) throw new Error('it is a link that leads back to itself')
      if (target.startsWith('/')) at = '/'
      left.unshift(...target.split('/').filter((one) => one !== ''))
    }
  }
  return at
}
