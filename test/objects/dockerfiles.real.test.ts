import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { imagesNamed } from '../../src/objects/build/dockerfile.ts'
import { UnreadableDockerfile } from '../../src/objects/build/lines.ts'
import { archive, entry } from '../inspect/archive/archives.ts'
import { runClient } from '../support/docker-client.ts'
import type { EngineName } from '../support/engines.ts'
import { type Owners, type Party, startOwners } from './scene.ts'

const GOOD = 'FROM busybox:test\n'
const EVIL = 'FROM evil\n'

/** Lines that some parser reads otherwise than one would think. Every way to put them together is tried. */
const DIRECTIVES = ['', '# escape=`\n', '#\fescape=`\n', '#\u00a0EsCape\u2003=\t`\n']
const OPENINGS = ['CMD x', 'CMD x \\', 'CMD x \\\\', 'CMD x \\ \t', 'CMD x \\\r', 'CMD x \\\r\r']
const BETWEEN = ['', '  # c', ' \t', '\ufeff', '\ufeff# c', '\u0085', '\u0085# c', '\u3000# c\\', '\v', '\\']
const STAGES = ['', 'FROM busybox:test AS evil\n', 'ARG X=evil\n']
const USES = ['FROM evil', '\u0085FROM evil', '\vfrom\vevil', 'FROM ${X:-evil}']

function* dockerfiles(): Generator<string> {
  for (const directive of DIRECTIVES)
    for (const opening of OPENINGS)
      for (const between of BETWEEN)
        for (const stage of STAGES)
          for (const use of USES) yield `${directive}FROM busybox:test\n${opening}\n${between}\n${stage}${use}\n`
}

const dockerfile = (text: string, name = 'Dockerfile') => entry({ name }, Buffer.from(text).toString('latin1'))
const bytes = (text: string) => Buffer.from(text).toString('latin1')

describe.each<EngineName>(['old', 'modern'])('Dockerfiles that hide whose image they use, on a %s engine', (name) => {
  let scene: Owners
  let a: Party
  let b: Party
  let evil = ''
  const build = async (party: Party, context: Buffer, query = '') =>
    (await party.call('POST', `/build?networkmode=none&${query}`, context)).body.toString()
  const everything = async () => {
    const images = (await scene.direct.call('GET', '/images/json?all=1')).json as { Id: string }[]
    const containers = (await scene.direct.call('GET', '/containers/json?all=1')).json as { Id: string }[]
    return [...images, ...containers].map(({ Id }) => Id).sort()
  }
  beforeAll(async () => {
    scene = await startOwners(name)
    a = await scene.as('acme/app')
    b = await scene.as('acme/site')
    const secret = archive(dockerfile('FROM busybox:test\nRUN echo secret > /secret\n'))
    expect(await build(a, secret, 't=evil:latest')).toContain('Successfully tagged evil:latest')
    evil = ((await a.call('GET', '/images/evil/json')).json as { Id: string }).Id
  })
  afterAll(() => scene.close())

  test.each([
    ['the name of the stage that is built', 'FROM busybox:test AS evil\nCOPY --from=evil /secret /secret\n'],
    ['white space of Go', '\u0085FROM evil\n'],
    ['white space of JavaScript', 'FROM busybox:test\nENV A=b \\\n\ufeff\nFROM evil\n'],
    ['a proxy', 'FROM ${HTTP_PROXY}\n', 'buildargs=%7B%22HTTP_PROXY%22%3A%22evil%22%7D'],
    ['two backslashes', 'FROM busybox:test\nENV A=b \\\\\nFROM evil\n'],
    ['carriage returns', 'FROM busybox:test\nENV A=b \\\r\r\nFROM scratch AS evil\nFROM evil\n'],
    ['another escape', '#\fescape=`\nFROM busybox:test\nENV A=b \\\nFROM evil\n'],
    ['a here-document', 'FROM busybox:test\nRUN <<EOF\nFROM busybox:test AS evil\nEOF\nFROM evil\n'],
    ['a flag with the byte of a space', 'FROM busybox:test\nCOPY --chown=\u00e0--from=evil /secret /secret\n'],
  ])('it is found behind %s', async (_, text, query = '') => {
    const before = await everything()
    const answer = await build(b, archive(dockerfile(text)), query)
    expect(answer).toMatch(/^\{"message":"dockgate: Dockerfile/)
    expect(answer).not.toContain(evil.slice(7, 19))
    expect(await everything()).toEqual(before)
  })

  test.each([
    ['in small letters', [dockerfile(EVIL, 'dockerfile')], 'dockerfile=Dockerfile'],
    ['up a folder', [dockerfile(EVIL, 'other'), dockerfile(GOOD, 'x/y')], 'dockerfile=x/../other'],
    ['beyond ASCII', [dockerfile(EVIL, bytes('é'))], `dockerfile=${encodeURIComponent('é')}`],
    ['from the root', [dockerfile(EVIL)], 'dockerfile=/Dockerfile'],
    ['the second time', [dockerfile(GOOD), dockerfile(EVIL)], ''],
    ['at the end', [entry({ name: 'big' }, 'x'.repeat(300_000)), dockerfile(EVIL)], ''],
    ['by a link', [dockerfile(EVIL, 'x'), entry({ name: 'Dockerfile', type: '2', link: 'x' })], ''],
    ['by a hard link', [dockerfile(EVIL, 'x'), entry({ name: 'Dockerfile', type: '1', link: 'x' })], ''],
    [
      'through a link',
      [dockerfile(GOOD), entry({ name: 'a', type: '2', link: '.' }), dockerfile(EVIL, 'a/Dockerfile')],
      '',
    ],
    [
      'through a hard link to a link',
      [
        dockerfile(GOOD),
        entry({ name: 'a', type: '2', link: '.' }),
        entry({ name: 'b', type: '1', link: 'a' }),
        dockerfile(EVIL, 'b/Dockerfile'),
      ],
      '',
    ],
    [
      'in a folder that becomes a link through another',
      [
        dockerfile(GOOD, 'd/Dockerfile'),
        dockerfile(EVIL, 'e/Dockerfile'),
        entry({ name: 's', type: '2', link: '.' }),
        entry({ name: 's/d', type: '2', link: 'e' }),
      ],
      'dockerfile=d/Dockerfile',
    ],
  ] as const)('a Dockerfile is found %s', async (_, parts, query) => {
    const before = await everything()
    expect(await build(b, archive(...parts), query)).toMatch(
      /^\{"message":"(?:dockgate: )?(?:the )?Dockerfile|the Dock/,
    )
    expect(await everything()).toEqual(before)
  })

  test('a context without one is refused', async () => {
    expect(await build(b, archive(dockerfile(EVIL, 'x')))).toContain('no Dockerfile')
  })

  test('links elsewhere, and other Dockerfiles, are no matter', async () => {
    const parts = [
      dockerfile(GOOD),
      entry({ name: 'a', type: '2', link: '.' }),
      entry({ name: 'sub/Dockerfile', type: '2', link: '../Dockerfile' }),
      dockerfile('FROM nothing', 'other/Dockerfile'),
    ]
    expect(await build(b, archive(...parts))).toContain('Successfully built')
  })

  test("a name that begins one's own id, and is somebody else's image, is not used", async () => {
    const own = ((await b.call('GET', '/images/busybox:test/json')).json as { Id: string }).Id
    const start = own.slice(7, 15)
    expect((await a.call('POST', `/images/evil/tag?repo=${start}`)).status).toBe(201)
    expect(await build(b, archive(dockerfile(`FROM ${start}\n`)))).toContain('no such image here that is yours')
    await a.call('DELETE', `/images/${start}:latest`)
    expect(await build(b, archive(dockerfile(`FROM ${own}\n`)))).toContain('Successfully built')
  })

  test('what a build uses nobody else names before it is over', async () => {
    await build(b, archive(dockerfile(GOOD)), 't=mine:1')
    const text = 'FROM busybox:test\nRUN until [ -e /go ]; do sleep 0.1; done\nFROM mine:1\n'
    const running = build(b, archive(dockerfile(text)))
    let step = ''
    while (step === '') {
      const [container] = (await scene.direct.call('GET', '/containers/json')).json as { Id: string }[]
      step = container?.Id ?? ''
    }
    for (const party of [a, b]) {
      expect((await party.call('GET', `/containers/${step}/json`)).status).toBe(404)
      expect((await party.call('GET', '/containers/json?all=1')).json).toEqual([])
    }
    expect((await b.call('DELETE', '/images/mine:1')).status).toBe(200)
    expect((await a.call('POST', '/images/evil/tag?repo=mine&tag=1')).status).toBe(409)
    await runClient(scene.direct.route, ['docker', 'exec', step, 'touch', '/go'])
    await running
    expect((await a.call('POST', '/images/evil/tag?repo=mine&tag=1')).status).toBe(201)
  })

  test('what a failed build leaves behind nobody sees', async () => {
    // The engine gives images of the same second in any order.
    const images = async () => new Set((await b.call('GET', '/images/json?all=1')).json as object[])
    const before = await images()
    const answer = await build(b, archive(dockerfile('FROM busybox:test\nRUN echo x >/x\nRUN exit 3\n')), 't=failed:1')
    expect(answer).toContain('returned a non-zero code: 3')
    const left = (await scene.direct.call('GET', '/containers/json?all=1')).json as { Id: string; ImageID: string }[]
    expect(left).not.toEqual([])
    for (const party of [a, b]) {
      expect((await party.call('GET', '/containers/json?all=1')).json).toEqual([])
      expect((await party.call('GET', `/images/${left[0]?.ImageID}/json`)).status).toBe(404)
    }
    expect(await images()).toEqual(before)
    expect((await a.call('POST', '/images/evil/tag?repo=failed&tag=1')).status).toBe(201)
  })

  test.each([
    ['quietly', '/build?q=1'],
    ['by an old client', '/v1.29/build?'],
    ['with labels', '/build?labels=%7B%22z%22%3A%22y%22%7D'],
  ])("an image that is built %s is its owner's", async (_, target) => {
    const answer = (await b.call('POST', target, archive(dockerfile('FROM busybox:test\nENV A=b\n')))).body.toString()
    const id = /([0-9a-f]{12,64})\\n"\}\s*$/.exec(answer)?.[1] ?? ''
    expect((await b.call('GET', `/images/${id}/json`)).status).toBe(200)
    expect((await a.call('GET', `/images/${id}/json`)).status).toBe(404)
  })

  test('an image of another platform is not fetched in its place', async () => {
    expect(await build(b, archive(dockerfile('FROM --platform=linux/s390x busybox:test\n')))).toContain('platform')
    expect(await build(b, archive(dockerfile(GOOD)), 'platform=linux%2Fs390x')).toContain('platform')
  })

  test('a Dockerfile by which the engine uses an image is never read without it', async () => {
    const short = evil.slice(7, 19)
    let built = 0
    for (const text of dockerfiles()) {
      if (isKnown(text, 'evil')) continue
      const answer = await build(scene.direct, archive(dockerfile(text)))
      expect(answer, JSON.stringify(text)).not.toContain(short)
      built++
    }
    expect(built).toBeGreaterThan(0)
  })
})

/** Whether it is refused, or the image is among those that are judged. */
function isKnown(text: string, image: string): boolean {
  try {
    return imagesNamed(text, new Map()).some((named) => named.image === image)
  } catch (error) {
    if (error instanceof UnreadableDockerfile) return true
    throw error
  }
}
