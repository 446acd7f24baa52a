import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix, resolve } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cleanPath, resolveOnHost, segmentsOf } from '../../../src/policy/profile/paths.ts'

const dirty = fc
  .array(fc.constantFrom('/', '//', '.', '..', 'a', 'b c', '...', 'é', '*', '/./', '/../'), { maxLength: 12 })
  .map((pieces) => `/${pieces.join('')}`)

describe('cleanPath', () => {
  it.each([
    ['/', '/'],
    ['//', '/'],
    ['/srv', '/srv'],
    ['/srv/', '/srv'],
    ['/srv/./cache//', '/srv/cache'],
    ['/srv/../etc', '/etc'],
    ['/../../etc', '/etc'],
    ['/srv/...', '/srv/...'],
    ['/srv/a b', '/srv/a b'],
    ['/srv\\..\\etc', '/srv\\..\\etc'],
  ])('T65 cleans %s to %s', (path, clean) => {
    expect(cleanPath(path)).toBe(clean)
  })

  it.each([
    '',
    '.',
    'srv',
    './srv',
    '../srv',
    '~/x',
    '/srv\0',
    '/srv\n',
    '/\x7f',
    '/\ud800',
    `/${'x'.repeat(4095)}`,
    `/${'é'.repeat(2048)}`,
  ])('refuses %j', (path) => {
    expect(cleanPath(path)).toBeNull()
  })

  it("agrees with Node's own normalisation, but for the slash at the end", () => {
    fc.assert(
      fc.property(dirty, (path) => {
        const expected = posix.normalize(path)
        expect(cleanPath(path)).toBe(expected === '/' ? '/' : expected.replace(/\/$/, ''))
      }),
      { numRuns: 2000 },
    )
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.oneof(dirty, fc.string()), (path) => {
        const clean = cleanPath(path)
        if (clean !== null) expect(cleanPath(clean)).toBe(clean)
      }),
    )
  })
})

describe('segmentsOf', () => {
  it('splits a clean path, and the root into nothing', () => {
    expect(segmentsOf('/')).toEqual([])
    expect(segmentsOf('/srv/cache')).toEqual(['srv', 'cache'])
  })
})

describe('T68 resolveOnHost', () => {
  let root = ''

  beforeAll(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'dockgate-paths-')))
    await mkdir(join(root, 'srv/cache/deep'), { recursive: true })
    await mkdir(join(root, 'secret'))
    await writeFile(join(root, 'secret/key'), '')
    await symlink(join(root, 'secret'), join(root, 'srv/cache/absolute'))
    await symlink('../../secret', join(root, 'srv/cache/relative'))
    await symlink('absolute', join(root, 'srv/cache/twice'))
    await symlink('loop-b', join(root, 'loop-a'))
    await symlink('loop-a', join(root, 'loop-b'))
    await symlink(join(root, 'not/there/yet'), join(root, 'dangling'))
    await symlink('not-there/../secret', join(root, 'climbing'))
    await symlink('/dev/null', join(root, 'device'))
    await symlink('/dev', join(root, 'devices'))
    await symlink('/dev/null/..', join(root, 'climbed'))
  })
  afterAll(() => rm(root, { recursive: true }))

  it.each([
    ['srv/cache/deep', 'srv/cache/deep'],
    ['srv/cache/absolute', 'secret'],
    ['srv/cache/absolute/key', 'secret/key'],
    ['srv/cache/relative/key', 'secret/key'],
    ['srv/cache/twice/new/file', 'secret/new/file'],
    ['srv/cache/missing/file', 'srv/cache/missing/file'],
    ['srv/cache/absolute/../deep', 'srv/cache/deep'],
    ['dangling/more', 'not/there/yet/more'],
  ])('finds that %s is %s', async (path, resolved) => {
    expect(await resolveOnHost(join(root, path).replace('absolute/..', 'absolute/./..'))).toEqual({
      path: join(root, resolved),
      isDevice: false,
    })
  })

  it.each([
    ['a loop of links', 'loop-a/x'],
    ['a file that is taken for a directory', 'secret/key/below'],
    ['a link that climbs out of what is not there', 'climbing'],
    ['a path with a NUL', 'secret\0'],
  ])('has no answer for %s', async (_what, path) => {
    expect(await resolveOnHost(`${root}/${path}`)).toBeNull()
  })

  it('has no answer for a relative path', async () => {
    expect(await resolveOnHost('srv/cache')).toBeNull()
  })

  it('resolves the root to itself', async () => {
    expect(await resolveOnHost('/..')).toEqual({ path: '/', isDevice: false })
  })

  it('takes `..` away before it looks at links, as the engine does', async () => {
    expect(await resolveOnHost(`${root}/srv/cache/absolute/../deep`)).toMatchObject({
      path: join(root, 'srv/cache/deep'),
    })
  })

  it.each([
    ['/dev/null', '/dev/null', true],
    ['device', '/dev/null', true],
    ['devices', '/dev', false],
    ['devices/null', '/dev/null', true],
    ['devices/not-there', '/dev/not-there', false],
    ['climbed', '/dev', false],
  ])('T61 tells whether %s is a device node', async (path, resolved, isDevice) => {
    expect(await resolveOnHost(resolve(root, path))).toEqual({ path: resolved, isDevice })
  })
})
