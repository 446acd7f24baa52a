import { setImmediate as turn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { checkArchive } from '../../../src/inspect/archive-stream.ts'
import {
  archive,
  blocks,
  chunked,
  END,
  entriesOf,
  entry,
  GNU,
  header,
  LINKS,
  long,
  namesSent,
  pax,
  refusalOf,
  SPECIAL,
  STRICT,
  sealed,
  sent,
  V7,
} from './archives.ts'

describe('names (T82, T92)', () => {
  it.each([
    ['..', '../x'],
    ['.. inside', 'a/../../x'],
    ['.. at the end', 'a/..'],
    ['.. behind a dot', './../x'],
  ])('refuses a name with %s, however it is written', async (_, name) => {
    const wanted = /^body-malformed: .*has "\.\." in its name$/
    expect(await refusalOf(archive(entry({ name })))).toMatch(wanted)
    expect(await refusalOf(archive(pax({ path: name }), entry({})))).toMatch(wanted)
    expect(await refusalOf(archive(long('L', name), entry({ magic: GNU })))).toMatch(wanted)
    expect(await refusalOf(archive(entry({ name: 'x', prefix: name, type: '5' })))).toMatch(wanted)
  })

  it.each(['/etc/passwd', '//x', '/'])('refuses the absolute name %s, however it is written', async (name) => {
    const wanted = /^body-malformed: .*absolute path; write it relative$/
    expect(await refusalOf(archive(entry({ name })))).toMatch(wanted)
    expect(await refusalOf(archive(pax({ path: name }), entry({})))).toMatch(wanted)
    expect(await refusalOf(archive(long('L', name), entry({ magic: GNU })))).toMatch(wanted)
  })

  it('refuses them to a role that may write everywhere, too', async () => {
    expect(await refusalOf(archive(entry({ name: '../x' })), { ...LINKS, special: true })).toMatch(/"\.\."/)
  })

  it('takes dots that are no ".."', async () => {
    const names = ['...', '..a', 'a..', 'a/..b/c', '.hidden']
    expect(await namesSent(archive(...names.map((name) => entry({ name }))))).toEqual(names.map((name) => `./${name}`))
  })

  it('sends each name in one spelling', async () => {
    const names = ['./a', 'a//b', 'a/./b', './/./c/', 'dir/']
    const read = await namesSent(archive(...names.map((name) => entry({ name, type: name.endsWith('/') ? '5' : '0' }))))
    expect(read).toEqual(['./a', './a/b', './a/b', './c/', './dir/'])
  })

  it.each(['./', '.', ''])('takes %j for the directory itself', async (name) => {
    expect(await namesSent(archive(entry({ name, type: '5' })))).toEqual(['./'])
  })

  it('refuses a file that has no name', async () => {
    expect(await refusalOf(archive(entry({ name: './' })))).toMatch(/a file without a name$/)
  })

  it('keeps names that are in no UTF-8, and long ones', async () => {
    const latin = 'caf\xe9'
    const far = `${'d/'.repeat(200)}f`
    expect(await namesSent(archive(entry({ name: latin }), pax({ path: far }), entry({})))).toEqual([
      `./${latin}`,
      `./${far}`,
    ])
  })

  it('never sends what the engine would take for a compression', async () => {
    const bytes = await sent(archive(entry({ name: './BZh91AY&SY' })))
    expect(bytes.toString('latin1', 0, 5)).toBe('./BZh')
  })
})

describe('symbolic links, where the role lists directories (T82)', () => {
  const link = (name: string, target: string) => archive(entry({ name, type: '2', link: target }))

  it.each([
    ['an absolute target', 'l', '/etc'],
    ['a target above', 'l', '../x'],
    ['a target above its own directory', 'a/l', '../../x/y/z'],
    ['the directory that is written to', 'l', '.'],
    ['a higher place than its own', 'a/b/l', '../c'],
    ['a way up behind a way down', 'l', 'a/../../etc'],
    ['a way up behind a way down that is named inside', 'l', 'a/../b/c'],
    ['a directory above by dots', 'a/l', '..'],
    ['slashes before the way up', 'a/l', './/../../x/y'],
  ])('refuses one to %s', async (_, name, target) => {
    const wanted = /^\(body\)\["[a-z/]+"\]: a symbolic link to ".+" \(archive\.put\)$/
    expect(await refusalOf(link(name, target))).toMatch(wanted)
    expect(await refusalOf(archive(pax({ linkpath: target }), entry({ name, type: '2', link: 'ok' })))).toMatch(wanted)
    expect(await refusalOf(archive(long('K', target), entry({ name, type: '2', magic: GNU })))).toMatch(wanted)
  })

  it.each([
    ['l', 'file'],
    ['l', './file'],
    ['current', 'releases/5'],
    ['node_modules/.bin/tsc', '../typescript/bin/tsc'],
    ['a/b', '../c/d'],
  ])('takes %s to %s, as it was written', async (name, target) => {
    const [read] = await entriesOf(await sent(link(name, target)))
    expect(read).toMatchObject({ type: 'symbolic link', name: `./${name}`, link: target })
  })

  it('takes any target where the role may write everywhere', async () => {
    for (const target of ['/etc', '../..', 'a/../b']) {
      expect((await entriesOf(await sent(link('l', target), LINKS)))[0]?.link).toBe(target)
    }
  })

  it('refuses one that leads nowhere', async () => {
    expect(await refusalOf(link('l', ''), LINKS)).toMatch(/leads nowhere$/)
  })
})

describe('hard links (T82)', () => {
  it.each(['/etc/shadow', '../x', 'a/../../x'])('refuses one to %s, to every role', async (target) => {
    expect(await refusalOf(archive(entry({ type: '1', link: target })), LINKS)).toMatch(/^body-malformed: /)
  })

  it('takes one to another file of the archive', async () => {
    const bytes = await sent(archive(entry({ name: 'a/f' }, 'x'), entry({ name: 'b', type: '1', link: './a//f' })))
    expect((await entriesOf(bytes))[1]).toMatchObject({ type: 'hard link', name: './b', link: './a/f' })
  })
})

describe('what gives privileges (T82)', () => {
  const capability = { 'SCHILY.xattr.security.capability': '\x01\0\0\x02\xff' }
  const cases: ReadonlyArray<readonly [what: string, bytes: Buffer]> = [
    ['a character device', entry({ type: '3', major: 1, minor: 3 })],
    ['a block device', entry({ type: '4', major: 8 })],
    ['a fifo', entry({ type: '6' })],
    ['a setuid file', entry({ mode: 0o4755 })],
    ['a setgid file', entry({ mode: 0o2755 })],
    ['a setuid hard link', entry({ type: '1', link: 'x', mode: 0o104755 })],
    ['the attribute "security.capability"', Buffer.concat([pax(capability), entry({})])],
    [
      'the attribute "trusted.overlay.opaque"',
      Buffer.concat([pax({ 'SCHILY.xattr.trusted.overlay.opaque': 'y' }), entry({ type: '5' })]),
    ],
  ]

  it.each(cases)('refuses %s, and names the key', async (what, bytes) => {
    expect(await refusalOf(archive(bytes))).toBe(`(body)["file"]: ${what} (workload.privileged)`)
    expect(await refusalOf(archive(bytes), LINKS)).toContain(what)
  })

  it.each(cases)('takes %s from a role that may make privileged containers', async (_, bytes) => {
    const [read] = await entriesOf(await sent(archive(bytes), SPECIAL))
    const [before] = await entriesOf(archive(bytes))
    expect(read).toEqual({ ...before, name: read?.name, link: read?.link })
  })

  it('takes directories with these bits, on which they give none, and sticky ones', async () => {
    const [read] = await entriesOf(await sent(archive(entry({ name: 'd', type: '5', mode: 0o7777 }))))
    expect(read?.mode).toBe(0o7777)
  })

  it('takes attributes of users', async () => {
    const [read] = await entriesOf(await sent(archive(pax({ 'SCHILY.xattr.user.a': '\xff\0' }), entry({}))))
    expect([...(read?.attributes ?? [])]).toEqual([['user.a', '\xff\0']])
  })
})

describe('headers that could be read twice', () => {
  const wanted = /^body-malformed: the archive cannot be read without doubt/
  const nul = '\0'

  it.each<readonly [string, Buffer]>([
    ['a wrong checksum', archive(Buffer.concat([Buffer.from('x'), entry({}).subarray(1)]))],
    ['a size that is no number', archive(header({ size: '12z\0' }))],
    ['a negative size', archive(header({ size: `\xff${'\xff'.repeat(11)}` }))],
    ['a size beyond 2^53', archive(header({ size: `\x80${'\xff'.repeat(11)}` }))],
    ['two extended headers', archive(pax({ path: 'a' }), pax({ path: 'b' }), entry({}))],
    ['two long names', archive(long('L', 'a'), long('L', 'b'), entry({}))],
    ['a long name and a path', archive(long('L', 'a'), pax({ path: 'b' }), entry({}))],
    ['a long link and a linkpath', archive(long('K', 'a'), pax({ linkpath: 'b' }), entry({ type: '2' }))],
    ['a record twice', archive(pax('9 path=a\n9 path=b\n'), entry({}))],
    ['a record with a wrong length', archive(pax('8 path=a\n'), entry({}))],
    ['a record without an end', archive(pax('9 path=ab'), entry({}))],
    ['a record with a negative length', archive(pax('-8 path=a\n'), entry({}))],
    ['a record of nothing', archive(pax('5 =a\n\n'), entry({}))],
    ['a record without "="', archive(pax('7 path\n\n'), entry({}))],
    ['a path with a NUL', archive(pax({ path: `a${nul}b` }), entry({}))],
    ['a size record that is no number', archive(pax({ size: '0x10' }), entry({}))],
    ['a time record that is no time', archive(pax({ mtime: 'now' }), entry({}))],
    ['a sparse file of GNU', archive(entry({ type: 'S', magic: GNU }))],
    ['a sparse file of pax', archive(pax({ 'GNU.sparse.major': '1', 'GNU.sparse.name': '../x' }), entry({}))],
    ['an unknown type', archive(entry({ type: 'Z' }))],
    ['a contiguous file', archive(entry({ type: '7' }))],
    ['an end inside of an entry', entry({}, 'x'.repeat(600)).subarray(0, 700)],
    ['an end inside of a header', entry({}).subarray(0, 100)],
    ['an end behind an extended header', pax({ path: 'a' })],
    ['an end mark behind an extended header', archive(pax({ path: 'a' }))],
    ['an entry behind half an end mark', Buffer.concat([Buffer.alloc(512), archive(entry({}))])],
    ['something else', Buffer.from('this is no archive'.repeat(100))],
  ])('refuses %s', async (_, bytes) => {
    expect(await refusalOf(bytes)).toMatch(wanted)
  })

  it.each([
    ['x', 1024 * 1024 + 1],
    ['g', 1024 * 1024 + 1],
    ['L', 4097],
    ['K', 4097],
  ])('refuses an extended header of type %s with %d bytes, before it is read', async (type, size) => {
    expect(await refusalOf(header({ type, size }))).toMatch(/an extended header of more than \d+ bytes$/)
  })

  it('refuses more records than an entry has', async () => {
    const records = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, '']))
    expect(await namesSent(archive(pax(records(1024)), entry({})))).toEqual(['./file'])
    expect(await refusalOf(archive(pax(records(1025)), entry({})))).toMatch(/with more than 1024 records$/)
  })

  it('reads a size that a record says, as the engine does', async () => {
    const bytes = archive(pax({ size: '3' }), header({ size: 0 }), blocks('abc'), entry({ name: 'next' }))
    expect(await namesSent(bytes)).toEqual(['./file', './next'])
  })

  it('leaves global records out, as the engine does', async () => {
    expect(await namesSent(archive(pax({ path: '../x', comment: 'abc' }, 'g'), entry({})))).toEqual(['./file'])
  })

  it('reads V7 archives, in which a name alone tells a directory', async () => {
    const bytes = await sent(archive(entry({ name: 'd/', type: '\0', magic: V7 }), entry({ type: '\0', magic: V7 })))
    expect((await entriesOf(bytes)).map(({ type }) => type)).toEqual(['directory', 'file'])
  })

  it('takes an archive without an end mark, and one with more behind it', async () => {
    expect(await namesSent(entry({}))).toEqual(['./file'])
    expect(await namesSent(Buffer.concat([archive(entry({})), Buffer.from('more')]))).toEqual(['./file'])
    expect(await sent(Buffer.alloc(0))).toEqual(END)
  })
})

describe('what is kept', () => {
  it('writes what fits no header into records', async () => {
    const said = {
      uid: '4294967294',
      gid: '3000000',
      mtime: '-1.5',
      atime: '12.25',
      uname: 'M\xfcller',
      gname: 'g'.repeat(40),
    }
    const [read] = await entriesOf(await sent(archive(pax(said), entry({ mode: 0 }, 'abc'))))
    expect(read).toMatchObject({ uid: 4294967294, gid: 3000000, modified: '-1.5', accessed: '12.25', mode: 0, size: 3 })
    expect(read).toMatchObject({ user: said.uname, group: said.gname })
  })

  it('sends contents unchanged, whatever the pieces in which they come', async () => {
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at & 0xff)).toString('latin1')
    const bytes = archive(entry({ name: './file', modified: 7 }, content), entry({ name: './b' }, 'x'))
    for (const size of [1000, 65_536, bytes.length]) expect(await sent(bytes, STRICT, size)).toEqual(bytes)
  })

  it('takes an archive byte by byte', async () => {
    const bytes = archive(pax({ path: './long' }), entry({ name: './file' }, 'content'))
    expect(await sent(bytes, STRICT, 1)).toEqual(await sent(bytes))
  })
})

describe('compressed archives (T92)', () => {
  const plain = archive(entry({ name: './file' }, 'content'))

  it('looks into gzip, in one member or several, and sends the archive plain', async () => {
    expect(await sent(gzipSync(plain))).toEqual(plain)
    expect(
      await sent(Buffer.concat([gzipSync(plain.subarray(0, 600)), gzipSync(plain.subarray(600))]), STRICT, 7),
    ).toEqual(plain)
  })

  it('judges what is inside of gzip', async () => {
    expect(await refusalOf(gzipSync(archive(entry({ name: '../x' }))))).toMatch(/"\.\."/)
  })

  it.each([
    ['bzip2', 'BZh91AY&SY'],
    ['xz', '\xfd7zXZ\0'],
    ['zstd', '\x28\xb5\x2f\xfd'],
    ['zstd', '\x50\x2a\x4d\x18'],
  ])('refuses %s, which it cannot look into, and says what to send', async (name, magic) => {
    const bytes = Buffer.concat([Buffer.from(magic, 'latin1'), Buffer.alloc(2048)])
    expect(await refusalOf(bytes)).toBe(`(body): an archive compressed with ${name} (archive.put)`)
  })

  it('refuses a compression inside of gzip', async () => {
    expect(await refusalOf(gzipSync(gzipSync(plain)))).toMatch(/^body-malformed/)
    expect(await refusalOf(gzipSync(Buffer.from('BZh91AY&SY'.padEnd(1024))))).toMatch(/^body-malformed/)
  })

  it('refuses broken gzip', async () => {
    const bytes = gzipSync(plain)
    expect(await refusalOf(bytes.subarray(0, bytes.length - 12))).toMatch(/^body-malformed/)
    bytes[20] = (bytes[20] ?? 0) ^ 0xff
    expect(await refusalOf(bytes)).toMatch(/^body-malformed/)
  })
})

describe('streaming', () => {
  /** A source that says how much of it was asked for, and whether it was let go of. */
  function watched(bytes: Buffer, size: number) {
    const seen = { asked: 0, closed: false }
    async function* source() {
      try {
        for await (const chunk of chunked(bytes, size)) {
          seen.asked += chunk.length
          yield chunk
        }
      } finally {
        seen.closed = true
      }
    }
    return { seen, source: source() }
  }

  const large = archive(entry({ name: 'large' }, 'x'.repeat(4 * 1024 * 1024)))

  it('asks for no more than what is taken from it, and a batch', async () => {
    const { seen, source } = watched(large, 16 * 1024)
    const checked = checkArchive(source, STRICT)
    await checked.next()
    expect(seen.asked).toBeLessThanOrEqual(96 * 1024)
    await checked.return()
  })

  it('bounds what it takes from the source of a compressed archive', async () => {
    const noise = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, at) => (at * 2654435761) >>> 13))
    const { seen, source } = watched(gzipSync(archive(entry({}, noise.toString('latin1')))), 16 * 1024)
    const checked = checkArchive(source, STRICT)
    await checked.next()
    expect(seen.asked).toBeLessThanOrEqual(512 * 1024)
    await checked.return()
  })

  it.each([
    ['plain', large],
    ['compressed', gzipSync(large)],
  ])('lets go of the source of a %s archive when nobody wants more', async (_, bytes) => {
    const { seen, source } = watched(bytes, 1024)
    const checked = checkArchive(source, STRICT)
    await checked.next()
    await checked.return()
    await turn()
    expect(seen.closed).toBe(true)
  })

  it('lets go of the source when it refuses', async () => {
    const { seen, source } = watched(archive(entry({ name: '../x' }), entry({}, 'x'.repeat(100_000))), 1024)
    await expect(checkArchive(source, STRICT).next()).rejects.toThrow()
    await turn()
    expect(seen).toEqual({ asked: 1024, closed: true })
  })

  it('refuses what is compressed at once, even when the client sends no more', async () => {
    const compressed = gzipSync(archive(entry({ name: '../x' }), entry({}, 'y'.repeat(3000))))
    async function* source() {
      yield compressed
      await new Promise(() => {})
    }
    await expect(checkArchive(source(), STRICT).next()).rejects.toThrow('".."')
  })

  it('sends nothing of an entry that it refuses', async () => {
    const bytes = archive(entry({ name: 'a' }, 'x'.repeat(65_536)), entry({ name: '../b' }))
    const chunks: Buffer[] = []
    await expect(async () => {
      for await (const chunk of checkArchive(chunked(bytes, 1024), STRICT)) chunks.push(chunk)
    }).rejects.toThrow('"../b"')
    expect(Buffer.concat(chunks).includes('../b')).toBe(false)
  })

  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['compressed', (bytes: Buffer) => gzipSync(bytes)],
  ])('passes on what the source of a %s archive ends with', async (_, form) => {
    async function* source() {
      yield form(large).subarray(0, 2048)
      throw new Error('the client is gone')
    }
    await expect(async () => {
      for await (const _chunk of checkArchive(source(), STRICT));
    }).rejects.toThrow('the client is gone')
  })

  it('is not held up by many small extended headers', async () => {
    const records = Array.from({ length: 100_000 }, (_, at) => [`k${at}`, ''])
    const global = pax(Object.fromEntries(records.slice(0, 60_000)), 'g')
    const bytes = archive(
      global,
      ...Array.from({ length: 500 }, (_, at) => [pax({ path: `p${at}` }), entry({})]).flat(),
    )
    expect(await namesSent(bytes)).toHaveLength(500)
  })

  it('does not change the block that it seals', () => {
    expect(sealed(header({}))).toEqual(header({}))
  })
})
