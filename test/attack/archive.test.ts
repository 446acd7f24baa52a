import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { archive, END, entry, GNU, header, long, pax, V7 } from '../inspect/archive/archives.ts'
import { rawRequest } from '../support/raw-client.ts'
import { expectNotAllowed, judgementOf } from './judgement.ts'
import { expectRefusal, recordId, type Scene, startScene } from './scene.ts'

const TAR = ['Content-Type: application/x-tar']
const archiveOf = (path: string) => `/v1.47/containers/box/archive?path=${encodeURIComponent(path)}`

describe('attacks by docker cp', () => {
  let scene: Scene
  beforeAll(async () => {
    const allow = '[PutContainerArchive, ContainerArchive, ContainerArchiveInfo, ContainerCopy]'
    scene = await startScene({
      work: `{ allow: ${allow}, archive: { get: ["/out/**"], put: [/work] } }`,
      anywhere: `{ allow: ${allow}, archive: { get: ["/**"], put: ["/**"] } }`,
      devices: `{ allow: ${allow}, workload: { privileged: true }, archive: { put: [/work] } }`,
      none: `{ allow: ${allow} }`,
    })
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const put = (
    role: string,
    bytes: Buffer,
    { path = '/work', headers = TAR }: { path?: string; headers?: string[] } = {},
  ) => scene.send('PUT', archiveOf(path), { role, headers, body: bytes.toString('latin1') })
  /** What reached the engine as the one request there was, whole. */
  const reached = async () => {
    const [request, ...more] = await scene.reached()
    expect(more).toEqual([])
    expect(request?.complete).toBe(true)
    expect(request?.values('Content-Type')).toEqual(['application/x-tar'])
    return request?.body ?? Buffer.alloc(0)
  }

  it.each([
    '/etc',
    '/',
    '/work/..',
    '/work/../etc',
    '/workshop',
    '/Work',
    '/work/sub',
    '..',
    '.',
    '/work\n',
    '//',
    '/wor%6b',
  ])('T82 refuses to write to %j, before it asks for the archive', async (path) => {
    const headers = [...TAR, 'Expect: 100-continue', 'Content-Length: 5000']
    const bytes = scene.request('PUT', archiveOf(path), { role: 'work', headers })
    const { answers, answer } = await rawRequest(scene.tcp, bytes)
    expect(answers).toHaveLength(1)
    expect(await expectNotAllowed(scene, answer, 'work')).toEqual(['path (archive.put)'])
  })

  it.each(['/etc/shadow', '/', '/out/..', '/out/../etc/shadow', '/outside/x', '/proc/1/environ', '/OUT/x'])(
    'T82 refuses to read %j, by any of the three ways',
    async (path) => {
      const answer = await scene.send('GET', archiveOf(path), { role: 'work' })
      expect(await expectNotAllowed(scene, answer, 'work')).toEqual(['path (archive.get)'])
      expect((await scene.send('HEAD', archiveOf(path), { role: 'work' })).status).toBe(403)
      expect(await judgementOf(() => scene, 'work').refused('/v1.41/containers/box/copy', { Resource: path })).toEqual([
        'Resource (archive.get)',
      ])
    },
  )

  it.each([
    ['/out/./a//b', '/out/a/b'],
    ['out/a/', '/out/a/'],
    ['/etc/../out/a/.', '/out/a/.'],
  ])('T82 reads %s as the %s that was judged', async (path, sent) => {
    expect((await scene.send('GET', archiveOf(path), { role: 'work' })).status).toBe(200)
    expect(await scene.reachedLines()).toEqual([`GET /v1.47/containers/box/archive?path=${encodeURIComponent(sent)}`])
  })

  const MALFORMED: readonly (readonly [string, Buffer])[] = [
    ['a name with ".."', archive(entry({ name: '../../etc/cron.d/x' }, 'x'))],
    ['".." inside a name', archive(entry({ name: 'a/../../x' }))],
    ['".." in a long name', archive(long('L', `${'a/'.repeat(80)}../../x`), entry({ magic: GNU }))],
    ['".." in a record', archive(pax({ path: '../x' }), entry({ name: 'harmless' }))],
    ['".." in a prefix', archive(entry({ name: 'x', prefix: '..' }))],
    ['an absolute name', archive(entry({ name: '/etc/passwd' }))],
    ['a hard link out', archive(entry({ name: 'h', type: '1', link: '/etc/shadow' }))],
    ['a hard link up', archive(entry({ name: 'h', type: '1', link: '../../etc/shadow' }))],
    ['two names for one entry', archive(long('L', 'a'), pax({ path: 'b' }), entry({ magic: GNU }))],
    ['a sparse file', archive(pax({ 'GNU.sparse.major': '1', 'GNU.sparse.name': '../x' }), entry({}))],
    ['a size that is none', archive(header({ size: '0x1f\0' }))],
    ['a wrong checksum', archive(Buffer.concat([Buffer.from('x'), entry({}).subarray(1)]))],
    ['entries behind a block of zeros', Buffer.concat([Buffer.alloc(512), archive(entry({ name: '../x' }))])],
    ['an entry of an unknown type', archive(entry({ type: 'Z' }))],
    ['an end inside an entry', entry({}, 'x'.repeat(600)).subarray(0, 700)],
    ['no archive', Buffer.from('#!/bin/sh\n'.repeat(100))],
    ['gzip inside gzip', gzipSync(gzipSync(archive(entry({}))))],
    ['broken gzip', gzipSync(archive(entry({}))).subarray(0, 40)],
  ]

  it.each(MALFORMED)('T82 refuses %s to every role that is judged, and sends nothing', async (_, bytes) => {
    for (const role of ['work', 'devices']) {
      for (const form of [bytes, gzipSync(bytes)]) {
        const answer = await put(role, form)
        expectRefusal(answer, 'body-malformed')
        expect(await scene.record(recordId(answer))).toMatchObject({
          decision: 'deny',
          reason: 'body-malformed',
          status: 400,
        })
      }
    }
    await scene.nothingReached()
  })

  const SPECIAL: readonly (readonly [what: string, name: string, bytes: Buffer])[] = [
    ['a block device', 'disk', entry({ name: 'disk', type: '4', major: 8 })],
    ['a character device', 'mem', entry({ name: 'mem', type: '3', major: 1, minor: 1 })],
    ['a fifo', 'pipe', entry({ name: 'pipe', type: '6' })],
    ['a setuid file', 'su', entry({ name: 'su', mode: 0o4755 }, '#!')],
    ['a setgid file', 'sg', entry({ name: 'sg', mode: 0o2755 }, '#!')],
    [
      'a file with capabilities',
      'cap',
      Buffer.concat([pax({ 'SCHILY.xattr.security.capability': '\x01\0\0\x02' }), entry({ name: 'cap' })]),
    ],
  ]

  it.each(SPECIAL)('T82 refuses %s, and names it and the key', async (_, name, bytes) => {
    for (const role of ['work', 'anywhere']) {
      const answer = await put(role, archive(bytes))
      expect(await expectNotAllowed(scene, answer, role)).toEqual([`(body)["${name}"] (workload.privileged)`])
    }
    expect((await put('devices', archive(bytes))).status).toBe(200)
    expect((await reached()).length).toBeGreaterThan(0)
  })

  it.each(['/etc/shadow', '../x', '.', 'a/../../etc', './/../x'])(
    'T82 refuses a symbolic link to %s where the role lists directories',
    async (target) => {
      for (const bytes of [
        archive(entry({ name: 'link', type: '2', link: target })),
        archive(pax({ linkpath: target }), entry({ name: 'link', type: '2', link: 'harmless' })),
        archive(long('K', target), entry({ name: 'link', type: '2', link: 'harmless', magic: GNU })),
      ]) {
        const answer = await put('work', bytes)
        expect(await expectNotAllowed(scene, answer, 'work')).toEqual(['(body)["link"] (archive.put)'])
      }
      expect((await put('anywhere', archive(entry({ name: 'link', type: '2', link: target })))).status).toBe(200)
    },
  )

  it('T82 says in one message where, what, why and which key', async () => {
    const answer = await put('work', archive(entry({ name: 'bin/su', mode: 0o4755 })))
    expect((answer.json() as { message: string }).message).toMatch(
      /^dockgate: role "work" does not allow this PutContainerArchive:\n {2}\(body\)\["bin\/su"\]: asked for a setuid file; .*\. An operator allows it with roles\.work\.workload\.privileged\n \(record [0-9a-z]+\)$/,
    )
  })

  it('T128 shows hostile names as the text that they are', async () => {
    const name = 'a\r\n\x1b[31m\x9b\xe2\x80\xaetxt\x07'
    for (const bytes of [archive(entry({ name, mode: 0o4755 })), archive(entry({ name: `/${name}` }))]) {
      const answer = await put('work', bytes)
      expect((answer.json() as { message: string }).message.replaceAll('\n', '')).toMatch(/^[\x20-\x7e\ufffd]+$/)
      expect(JSON.stringify(await scene.record(recordId(answer)))).toMatch(/^[\x20-\x7e\ufffd]+$/)
    }
    const long = await put('work', archive(pax({ path: 'n'.repeat(4000) }), entry({ mode: 0o4755 })))
    expect(long.body.length).toBeLessThan(600)
  })

  it.each([
    ['bzip2', 'BZh91AY&SY'],
    ['xz', '\xfd7zXZ\0'],
    ['zstd', '\x28\xb5\x2f\xfd'],
    ['zstd', '\x50\x2a\x4d\x18'],
  ])('T92 refuses %s, which it cannot look into', async (name, magic) => {
    const answer = await put('work', Buffer.concat([Buffer.from(magic, 'latin1'), Buffer.alloc(2048)]))
    expect(await expectNotAllowed(scene, answer, 'work')).toEqual(['(body) (archive.put)'])
    expect(answer.text()).toContain(`compressed with ${name}`)
  })

  it('T82 sends an archive written anew: other spellings of names, no word that was not understood', async () => {
    const bytes = archive(
      pax({ comment: 'x', 'VENDOR.secret': 'y' }, 'g'),
      entry({ name: 'dir//./', type: '5', mode: 0o40755 }),
      entry({ name: './/dir/./f', magic: GNU, user: 'u', modified: 7 }, 'content'),
      entry({ name: 'old', type: '\0', magic: V7 }, 'v7'),
      pax({ path: 'l/current', 'VENDOR.x': 'z' }),
      entry({ name: 'x', type: '2', link: 'releases/5' }),
    )
    const wanted = archive(
      entry({ name: './dir/', type: '5', mode: 0o755 }),
      entry({ name: './dir/f', user: 'u', modified: 7 }, 'content'),
      entry({ name: './old' }, 'v7'),
      entry({ name: './l/current', type: '2', link: 'releases/5' }),
    )
    expect((await put('work', Buffer.concat([bytes, Buffer.from('more behind the end')]))).status).toBe(200)
    expect(await reached()).toEqual(wanted)
    for (const form of [
      gzipSync(bytes),
      Buffer.concat([gzipSync(bytes.subarray(0, 700)), gzipSync(bytes.subarray(700))]),
    ]) {
      scene.engine.reset()
      expect((await put('work', form)).status).toBe(200)
      expect(await reached()).toEqual(wanted)
    }
  })

  it('T82 sends an archive as it is for a role to which every entry is allowed anyway', async () => {
    const bytes = gzipSync(archive(entry({ name: '../x', mode: 0o4755 }, 'x')))
    expect((await put('operator', bytes)).status).toBe(200)
    expect(await reached()).toEqual(bytes)
  })

  it('T82 makes an end of an archive without one, and of one without entries', async () => {
    expect((await put('work', entry({ name: './a' }, 'x'))).status).toBe(200)
    expect(await reached()).toEqual(archive(entry({ name: './a' }, 'x')))
    scene.engine.reset()
    const chunked = scene.request('PUT', archiveOf('/work'), {
      role: 'work',
      headers: [...TAR, 'Transfer-Encoding: chunked'],
    })
    expect((await rawRequest(scene.tcp, `${chunked}0\r\n\r\n`)).answer.status).toBe(200)
    expect(await reached()).toEqual(END)
  })

  it('T82 refuses an archive under a coding, and one that is a form', async () => {
    const bytes = archive(entry({}))
    expectRefusal(await put('work', bytes, { headers: [...TAR, 'Content-Encoding: gzip'] }), 'content-encoding')
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      expectRefusal(await put('work', bytes, { headers: [`Content-Type: ${type}`] }), 'content-type')
    }
    await scene.nothingReached()
  })

  it('T82 allows nothing to a role without the part', async () => {
    expect(await expectNotAllowed(scene, await put('none', archive(entry({}))), 'none')).toEqual(['path (archive.put)'])
    const answer = await scene.send('GET', archiveOf('/etc/hostname'), { role: 'none' })
    expect(await expectNotAllowed(scene, answer, 'none')).toEqual(['path (archive.get)'])
  })
})
