import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blocks, header } from '../inspect/archive/archives.ts'
import type { EngineName } from '../support/engines.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

interface File {
  /** UTF-8. */
  readonly name: string
  readonly content?: string
  readonly link?: string
  /** tar's: `1` hard link, `2` symbolic link, `5` directory. */
  readonly type?: string
}

function archive(files: readonly File[]): Buffer {
  const entries = files.map(({ name, content = '', link = '', type = '0' }) => {
    const bytes = Buffer.from(content)
    const raw = { name: Buffer.from(name).toString('latin1'), size: bytes.length, mode: 0o755, link, type }
    return Buffer.concat([header(raw), blocks(bytes)])
  })
  return Buffer.concat([...entries, Buffer.alloc(1024)])
}

/** `alpha` is the victim's, and what is in it must not come out. */
const THEIRS = 'FROM alpha\nRUN cat /secret\n'
const PLAIN = 'FROM busybox:test\n'

describe.each<EngineName>(['old', 'modern'])('images of somebody else on a %s engine', (name) => {
  let scene: Owners
  let victim: Party
  let thief: Party
  const build = async (files: readonly File[], query = '') =>
    (await thief.call('POST', `/build?t=loot&nocache=1${query}`, archive(files))).body.toString()
  beforeAll(async () => {
    scene = await startOwners(name)
    victim = await scene.as('acme/app')
    thief = await scene.as('acme/site')
    const dockerfile = 'FROM busybox:test\nRUN echo hid"den" > /secret\n'
    const built = await victim.call('POST', '/build?t=alpha', archive([{ name: 'Dockerfile', content: dockerfile }]))
    expect(built.body.toString()).toContain('Successfully tagged alpha')
  })
  afterAll(() => scene.close())

  test.each<[string, string, File[]]>([
    ['at a place in other letters than ASCII', '&dockerfile=D%C3%B6ck', [{ name: 'Döck', content: THEIRS }]],
    [
      'at a place that leads up',
      '&dockerfile=x/../D',
      [
        { name: 'x/', type: '5' },
        { name: 'D', content: THEIRS },
      ],
    ],
    ['in lower case', '&dockerfile=Dockerfile', [{ name: 'dockerfile', content: THEIRS }]],
    [
      'behind a hard link of a symbolic link',
      '&dockerfile=sub/D',
      [
        { name: 'other/', type: '5' },
        { name: 'link', type: '2', link: 'other' },
        { name: 'sub/', type: '5' },
        { name: 'sub/D', content: PLAIN },
        { name: 'sub', type: '1', link: 'link' },
        { name: 'other', type: '2', link: '.' },
        { name: 'D', content: THEIRS },
      ],
    ],
    [
      'that only the engine finds',
      '&dockerfile=sub/E',
      [
        { name: 'other/', type: '5' },
        { name: 'link', type: '2', link: 'other' },
        { name: 'sub', type: '1', link: 'link' },
        { name: 'other/E', content: THEIRS },
      ],
    ],
  ])('are not built of by a Dockerfile %s', async (_, query, files) => {
    const text = await build(files, query)
    expect(text).not.toContain('hidden')
    expect(text).toMatch(/^\{"message":"dockgate: /)
  })

  test.each([
    ['space to Go alone', '\u0085FROM alpha\nRUN cat /secret\n'],
    ['an argument behind space to Go alone', 'ARG X=a\u0085Y=alpha\nFROM ${Y:-busybox:test}\nRUN cat /secret\n'],
    ['an argument behind a byte that is space to Go', 'ARG X=aàY=alpha\nFROM ${Y:-busybox:test}\nRUN cat /secret\n'],
    ['space to JavaScript alone', 'FROM busybox:test\nRUN true \\\n\ufeff\nCOPY --from=alpha /secret /x\nRUN cat /x\n'],
    ['the name of the stage itself', 'FROM busybox:test AS alpha\nCOPY --from=alpha /secret /x\nRUN cat /x\n'],
    ['an İ for an I', 'FROM busybox:test AS one\nONBUİLD COPY --from=alpha /secret /x\nFROM one\nRUN cat /x\n'],
  ])('are not built of by %s', async (_, content) => {
    const text = await build([{ name: 'Dockerfile', content }])
    expect(text).not.toContain('hidden')
    expect(text).toMatch(/^\{"message":"dockgate: /)
  })

  test('are not built of under a name that the builder gave up meanwhile', async () => {
    await thief.call('POST', '/images/busybox:test/tag?repo=moving')
    const content = 'FROM busybox:test\nRUN echo begun && sleep 2\nFROM moving\nRUN cat /secret\n'
    const building = build([{ name: 'Dockerfile', content }])
    for (;;) {
      const running = (await scene.direct.call('GET', '/containers/json')).json as { Command: string }[]
      if (running.some(({ Command }) => Command.includes('begun'))) break
      await delay(20)
    }
    expect((await thief.call('DELETE', '/images/moving')).status).toBe(200)
    const given = await victim.call('POST', '/images/alpha/tag?repo=moving')
    expect([given.status, given.body.toString()]).toEqual([409, expect.stringContaining('moving:latest is not yours')])
    expect(await building).not.toContain('hidden')
    expect((await victim.call('POST', '/images/alpha/tag?repo=moving')).status).toBe(201)
  })

  test.each(['RepoTags', 'repotags', 'RepoTagſ'])('keep their names when an archive has them as %s', async (member) => {
    const id = async () => ((await victim.call('GET', '/images/alpha/json')).json as { Id: string }).Id
    const before = await id()
    const config = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] } }
    const loaded = await thief.call(
      'POST',
      '/images/load',
      archive([
        { name: 'config.json', content: JSON.stringify(config) },
        {
          name: 'manifest.json',
          content: JSON.stringify([{ Config: 'config.json', [member]: ['alpha'], Layers: [] }]),
        },
      ]),
    )
    expect([loaded.status, loaded.body.toString()]).toEqual([
      409,
      expect.stringContaining('alpha:latest in the archive'),
    ])
    expect(await id()).toBe(before)
  })

  test('a quiet build is the builder’s own', async () => {
    const files = archive([{ name: 'Dockerfile', content: 'FROM busybox:test\nLABEL a=b\n' }])
    const { body } = await thief.call('POST', '/build?q=1&t=quiet', files)
    const [id] = /sha256:[0-9a-f]{64}/.exec(body.toString()) ?? []
    expect((await thief.call('GET', '/images/quiet/json')).json).toMatchObject({ Id: id })
  })

  test('are not had by the digests of their layers', async () => {
    const { RootFS } = (await victim.call('GET', '/images/alpha/json')).json as { RootFS: { Layers: string[] } }
    const config = {
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['cat', '/secret'] },
      rootfs: { type: 'layers', diff_ids: RootFS.Layers },
      history: RootFS.Layers.map(() => ({ created_by: 'x' })),
    }
    const layers = RootFS.Layers.map((_, index) => `${index}.tar`)
    const manifest = [{ Config: 'config.json', RepoTags: ['empty:1'], Layers: layers }]
    const loaded = await thief.call(
      'POST',
      '/images/load',
      archive([
        { name: 'config.json', content: JSON.stringify(config) },
        ...layers.map((layer) => ({ name: layer })),
        { name: 'manifest.json', content: JSON.stringify(manifest) },
      ]),
    )
    expect([loaded.status, loaded.body.toString()]).toEqual([
      400,
      expect.stringContaining('does not have the content of the layer'),
    ])
    expect((await scene.direct.call('GET', '/images/empty:1/json')).status).toBe(404)
  })

  test('a name that was given to another image past the gate shows its owner nothing of that', async () => {
    const { Id } = (await scene.direct.call('GET', '/images/alpha/json')).json as { Id: string }
    await thief.call('POST', '/images/busybox:test/tag?repo=taken')
    await scene.direct.call('POST', `/images/${Id}/tag?repo=taken`)
    expect((await thief.call('GET', '/images/taken/json')).status).toBe(404)
    expect((await thief.call('GET', '/images/taken/history')).status).toBe(404)
    expect((await thief.call('GET', '/images/get?names=taken')).status).toBe(404)
    expect((await thief.call('POST', '/containers/create', { Image: 'taken' })).status).toBe(404)
    expect((await thief.call('DELETE', '/images/taken')).status).toBe(404)
    expect(await build([{ name: 'Dockerfile', content: 'FROM taken\nRUN cat /secret\n' }])).not.toContain('hidden')
    expect((await thief.call('GET', '/images/json')).body.toString()).not.toContain(Id)
    expect((await thief.call('GET', '/system/df')).body.toString()).not.toContain(Id)
  })

  test('do not stand in the way of the beginning of an own id', async () => {
    const other = await scene.as('acme/other')
    const commit = async (party: Party) => {
      const container = (await party.call('POST', '/containers/create', { Image: 'busybox:test' })).json as {
        Id: string
      }
      const image = (await party.call('POST', `/commit?container=${container.Id}`)).json as { Id: string }
      await party.call('DELETE', `/containers/${container.Id}`)
      return image.Id
    }
    const own = await commit(other)
    const begin = own.slice('sha256:'.length)[0] ?? ''
    while (!(await commit(victim)).startsWith(`sha256:${begin}`));
    expect((await scene.direct.call('GET', `/images/${begin}/json`)).status).not.toBe(200)
    expect((await other.call('GET', `/images/${begin}/json`)).json).toMatchObject({ Id: own })
  })
})
