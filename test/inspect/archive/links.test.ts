import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ArchiveEntry } from '../../../src/inspect/archive-entry.ts'
import { checkEntry } from '../../../src/inspect/archive-rules.ts'
import { STRICT } from './archives.ts'

/** A file system: what is at each path (without links on its way), a link as its target. The root is there. */
type Files = Map<string, 'directory' | 'file' | { readonly link: string }>

/** Deep enough for every way up to be seen. */
const ROOT = '/1/2/3/4/5/root'

/** Where a path leads through whatever links are there, whether there is something or not; null for links in a circle. */
function resolve(files: Files, path: string): string | null {
  const todo = path.split('/')
  let at: string[] = []
  for (let links = 0; links < 20; ) {
    const segment = todo.shift()
    if (segment === undefined) return `/${at.join('/')}`
    if (segment === '' || segment === '.') continue
    if (segment === '..') {
      at = at.slice(0, -1)
      continue
    }
    const found = files.get(`/${[...at, segment].join('/')}`)
    if (typeof found === 'object') {
      links += 1
      todo.unshift(...found.link.split('/'))
    } else at.push(segment)
  }
  return null
}

/** Makes a directory and those above it, as the engine does. Answers where it is; null where something is in the way. */
function makeDirectory(files: Files, path: string): string | null {
  let at = '/'
  for (const segment of path.split('/').filter((text) => text !== '')) {
    const next = `${at === '/' ? '' : at}/${segment}`
    if (!files.has(next)) files.set(next, 'directory')
    const found = resolve(files, next)
    if (found === null || files.get(found) !== 'directory') return null
    at = found
  }
  return at
}

/** As the engine unpacks it: below what the path leads to. */
function unpack(files: Files, directory: string, { name, link, type }: ArchiveEntry): void {
  const path = `${directory}/${name.slice('./'.length)}`
  const above = makeDirectory(files, path.slice(0, path.lastIndexOf('/')))
  if (above === null) return
  const own = `${above}/${path.slice(path.lastIndexOf('/') + 1)}`
  if (files.get(own) !== 'directory') files.set(own, type === 'file' ? 'file' : { link })
}

const segment = fc.constantFrom('a', 'b')
const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'))
const target = fc
  .tuple(
    fc.constantFrom('', '', './', '../', '../../'),
    fc.array(fc.oneof(segment, segment, fc.constant('..')), { maxLength: 3 }),
  )
  .map(([up, down]) => `${up}${down.join('/')}` || '.')

/** Archives that are put one after another, each into a directory that the role allows. */
const puts = fc.array(
  fc.record({
    into: fc.array(segment, { maxLength: 2 }).map((segments) => ['', ...segments].join('/')),
    entries: fc.array(fc.tuple(name, fc.option(target, { freq: 4 })), { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 4 },
)

const PLAIN = { mode: 0o644, uid: 0, gid: 0, size: 0, user: '', group: '', major: 0, minor: 0, modified: '0' } as const

/** The entry as it would be sent; null where it is refused. */
function checked(called: string, link: string | null): ArchiveEntry | null {
  const type = link === null ? 'file' : 'symbolic link'
  try {
    return checkEntry({ ...PLAIN, type, name: called, link: link ?? '', accessed: null, attributes: new Map() }, STRICT)
  } catch {
    return null
  }
}

it('T82 leaves no link, however many archives are put, that leads out of the directory of the role', () => {
  let made = 0
  fc.assert(
    fc.property(puts, (all) => {
      const files: Files = new Map()
      makeDirectory(files, ROOT)
      for (const { into, entries } of all) {
        const directory = makeDirectory(files, `${ROOT}${into}`)
        if (directory === null) continue
        for (const [called, link] of entries) {
          const entry = checked(called, link)
          if (entry === null) continue
          unpack(files, directory, entry)
          if (entry.type === 'symbolic link') made += 1
        }
      }
      for (const path of files.keys()) {
        const found = resolve(files, path)
        // What lies above the role's directory was there before.
        if (found === null || `${ROOT}/`.startsWith(`${path}/`)) continue
        expect(`${found}/`.startsWith(`${ROOT}/`), `${path} leads to ${found}`).toBe(true)
      }
    }),
    { numRuns: 5000 },
  )
  expect(made).toBeGreaterThan(5000)
})
