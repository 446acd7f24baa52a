import { lstat, readlink } from 'node:fs/promises'

/** Linux's PATH_MAX, without its terminating NUL. */
const PATH_BYTES = 4095

/** As many as Linux follows before it gives up with ELOOP. */
const MOST_LINKS = 40

/**
 * The shortest form of an absolute path, as Go's `filepath.Clean` makes it: no `.`, no `..`, no empty segment, no slash at
 * the end. Symbolic links are not looked at. Null for a relative path, one with a control character or a lone surrogate
 * (which would be sent as another character than was judged), and one longer than the kernel takes.
 */
export function cleanPath(path: string): string | null {
  if (!path.startsWith('/') || /[\0-\x1f\x7f]/.test(path) || !path.isWellFormed()) return null
  if (path.length > PATH_BYTES || Buffer.byteLength(path) > PATH_BYTES) return null
  const clean: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') clean.pop()
    else if (segment !== '' && segment !== '.') clean.push(segment)
  }
  return `/${clean.join('/')}`
}

/** The segments of a path that `cleanPath` made; none for the root. */
export function segmentsOf(clean: string): string[] {
  return clean === '/' ? [] : clean.slice(1).split('/')
}

/** What a path of the host is. */
export interface HostPath {
  /** Without symbolic links, as `cleanPath` makes it. */
  readonly path: string
  /** Whether a device node is there; false also where nothing is. */
  readonly isDevice: boolean
}

/**
 * The path with every symbolic link on its way resolved, as far as it exists on this host; what does not exist yet stays
 * as it is written. Null when the kernel would not take the path, when a part of it may not be read, or when something
 * that does not exist is followed by a `..` out of a link.
 *
 * `..` in the path itself is taken away before links are looked at, as the engine does. A link that is put there between
 * this and the engine's mount is not seen, so the resolved path must be the one that is sent.
 */
export async function resolveOnHost(path: string): Promise<HostPath | null> {
  const clean = cleanPath(path)
  if (clean === null) return null
  const todo = segmentsOf(clean).reverse()
  let resolved: string[] = []
  let isDevice = false
  for (let links = 0; todo.length > 0; ) {
    const segment = todo.pop()
    if (segment === undefined || segment === '' || segment === '.') continue
    if (segment === '..') {
      resolved.pop()
      isDevice = false
      continue
    }
    const next = [...resolved, segment]
    const found = await lookAt(`/${next.join('/')}`)
    if (found === 'missing') return todo.includes('..') ? null : hostPath([...next, ...todo.reverse()], false)
    if (found === 'unreadable') return null
    if (found === 'plain' || found === 'device') {
      resolved = next
      isDevice = found === 'device'
      continue
    }
    links += 1
    if (links > MOST_LINKS) return null
    isDevice = false
    if (found.link.startsWith('/')) resolved = []
    todo.push(...found.link.split('/').reverse())
  }
  return hostPath(resolved, isDevice)
}

function hostPath(segments: readonly string[], isDevice: boolean): HostPath | null {
  const path = cleanPath(`/${segments.join('/')}`)
  return path === null ? null : { path, isDevice }
}

type Found = 'plain' | 'device' | 'missing' | 'unreadable' | { readonly link: string }

async function lookAt(path: string): Promise<Found> {
  try {
    const stats = await lstat(path)
    if (stats.isSymbolicLink()) return { link: await readlink(path) }
    return stats.isCharacterDevice() || stats.isBlockDevice() ? 'device' : 'plain'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'unreadable'
  }
}
