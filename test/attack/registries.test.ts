import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rawRequest } from '../support/raw-client.ts'
import { expectNotAllowed, judgementOf } from './judgement.ts'
import { expectRefusal, recordId, type Scene, startScene, type Wish } from './scene.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const SECRET = Buffer.from('{"username":"u","password":"hunter2","serveraddress":"evil.example"}').toString('base64url')

const create = (parameters: Record<string, string>) => `/v1.47/images/create?${new URLSearchParams(parameters)}`

describe('attacks on registries', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({
      ci: '{ extends: ci-build, build: { tags: ["registry.acme.io/${claims.role}/**"] }, registries: { pull: ["docker.io/library/*", "registry.acme.io/**:v*"], push: ["registry.acme.io/${claims.role}/**"] } }',
      importer:
        '{ allow: [read, transfer, create, build], registries: { import: true }, build: { tags: ["docker.io/library/*"], remotes: ["https://acme.io/*", "http://plain.acme.io/*"] }, workload: { labels: { reserved: [team] } } }',
      files: '{ allow: [read, read-sensitive, transfer], registries: { load: true, save: true, export: true } }',
      none: '{ allow: [read, read-sensitive, transfer, create, admin] }',
    })
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const refused = async (role: string, method: string, target: string, wish: Wish = {}) =>
    expectNotAllowed(scene, await scene.send(method, target, { role, ...wish }), role)
  /** Path and parameters of the one request that reached the engine. */
  const sent = async (role: string, method: string, target: string, wish: Wish = {}) => {
    scene.engine.reset()
    const answer = await scene.send(method, target, { role, ...wish })
    expect(answer.status, answer.text()).toBe(200)
    const [request, ...more] = await scene.reached()
    expect(more).toEqual([])
    const [path = '', query] = (request?.target ?? '').split('?')
    return { path, query: Object.fromEntries(new URLSearchParams(query)), request }
  }

  it.each([
    ['evil.example/library/alpine', '3'],
    ['docker.io:443/library/alpine', '3'],
    ['DOCKER.IO/library/alpine', '3'],
    ['docker.io./library/alpine', '3'],
    ['index.docker.io:443/library/alpine', '3'],
    ['registry-1.docker.io/library/alpine', '3'],
    ['localhost/alpine', '3'],
    ['127.0.0.1:5000/alpine', '3'],
    ['[::1]:5000/alpine', '3'],
    ['169.254.169.254/latest', 'meta-data'],
    ['acme/alpine', '3'],
    ['docker.io/acme/library/alpine', '3'],
    ['Alpine', '3'],
    ['alpine@evil.example/x', '3'],
    ['library/alpine/../../evil', '3'],
    ['https://docker.io/library/alpine', '3'],
    ['alpine', 'a/../../b'],
    ['alpine', 'sha256:abc'],
    ['registry.acme.io/app', 'latest'],
    ['registry.acme.io/app', DIGEST],
    ['registry.acme.io/app:v1', 'latest'],
    ['registry.acme.io/app', ''],
    ['a'.repeat(64), '3'],
    [' alpine', '3'],
  ])('T95 refuses to pull %j with the tag %j', async (fromImage, tag) => {
    expect(await refused('ci', 'POST', create({ fromImage, tag }))).toEqual(['fromImage (registries.pull)'])
  })

  it.each([
    ['alpine', '3', 'docker.io/library/alpine', '3'],
    ['alpine:3.20', '', 'docker.io/library/alpine', '3.20'],
    ['alpine:evil', '3', 'docker.io/library/alpine', '3'],
    ['index.docker.io/library/alpine', '3', 'docker.io/library/alpine', '3'],
    ['docker.io/alpine', DIGEST, 'docker.io/library/alpine', DIGEST],
    [`alpine:3@${DIGEST}`, '4', 'docker.io/library/alpine', DIGEST],
    ['registry.acme.io/app', 'v1', 'registry.acme.io/app', 'v1'],
  ])('T95 sends the pull of %s with the tag %j as %s with %s', async (fromImage, tag, name, wanted) => {
    const { path, query } = await sent('ci', 'POST', create({ fromImage, tag, platform: 'linux/amd64' }))
    expect(path).toBe('/v1.47/images/create')
    expect(query).toEqual({ fromImage: name, tag: wanted, platform: 'linux/amd64' })
  })

  it('T95 takes no import along with a pull, whatever is sent as its body', async () => {
    const target = create({
      fromImage: 'alpine',
      tag: '3',
      fromSrc: 'http://10.0.0.1/x',
      repo: 'x',
      changes: 'LABEL io.dockgate.owner=x',
      message: 'm',
    })
    // dockerode writes its options into the body too.
    for (const wish of [{}, { body: '{"fromImage":"evil.example/x","tag":"3"}' }]) {
      const { query, request } = await sent('ci', 'POST', target, wish)
      expect(query).toEqual({ fromImage: 'docker.io/library/alpine', tag: '3' })
      expect(request?.body.length).toBe(0)
      expect(request?.values('Content-Type')).toEqual([])
    }
    scene.engine.reset()
    const tar = { role: 'ci', headers: ['Content-Type: application/x-tar'] }
    expectRefusal(await scene.send('POST', target, { ...tar, body: 'an image' }), 'body-malformed')
    expectRefusal(await scene.send('POST', target, { ...tar, body: ' '.repeat(70_000) }), 'body-unexpected')
    await scene.nothingReached()
  })

  it('T26 takes no parameters of a pull from a form', async () => {
    expectRefusal(
      await scene.send('POST', create({ tag: '3' }), {
        role: 'ci',
        headers: ['Content-Type: application/x-www-form-urlencoded'],
        body: 'fromImage=evil.example/x',
      }),
      'request-not-allowed',
    )
    expectRefusal(
      await scene.send('POST', create({ fromImage: 'alpine', tag: '3' }), {
        role: 'ci',
        headers: ['Content-Type: application/x-www-form-urlencoded'],
        body: 'fromImage=evil.example/x',
      }),
      'content-type',
    )
  })

  it.each([
    '',
    '--',
    'http://169.254.169.254/latest',
    'https://acme.io/../evil',
    'https://acme.io@evil.example/x',
    'https://acme.io/a/b',
    'http://acme.io/x',
    'acme.io/x',
    'HTTPS://acme.io/x',
    'file:///etc/shadow',
    'unix:///var/run/docker.sock',
    'http:/\\plain.acme.io/x',
    'plain.acme.io/x?token=hunter2',
    'u:hunter2@plain.acme.io/x',
  ])('T95b refuses to fetch what is imported from %j, as the host', async (fromSrc) => {
    expect(await refused('importer', 'POST', create({ fromSrc }))).toEqual(['fromSrc (build.remotes)'])
    expect(await refused('none', 'POST', create({ fromSrc }))).toEqual([
      'fromSrc (registries.import)',
      'fromSrc (build.remotes)',
    ])
    expect(scene.recordLines().join('\n')).not.toContain('hunter2')
  })

  it('T95b sends the URL that was judged', async () => {
    const { query } = await sent('importer', 'POST', create({ fromSrc: 'plain.acme.io/x', repo: 'app', tag: '2' }))
    expect(query).toEqual({ fromSrc: 'http://plain.acme.io/x', repo: 'docker.io/library/app', tag: '2' })
  })

  it('T96 says all that is wrong with an import at once', async () => {
    const changes = 'CMD ["x"]\nLABEL team=x'
    expect(
      await refused('importer', 'POST', create({ fromSrc: 'http://10.0.0.1/x', repo: 'evil.example/x', changes })),
    ).toEqual(['fromSrc (build.remotes)', 'changes[0]["team"] (workload.labels)', 'repo (build.tags)'])
  })

  it('T96 imports what the client sends under a listed name, byte for byte', async () => {
    const wish = { headers: ['Content-Type: text/plain'], body: 'a file system' }
    const { query, request } = await sent('importer', 'POST', create({ fromSrc: '-', repo: 'app' }), wish)
    expect(query).toEqual({ fromSrc: '-', repo: 'docker.io/library/app', tag: 'latest' })
    expect(request?.body.toString()).toBe(wish.body)
    expect(request?.values('Content-Type')).toEqual(['application/x-tar'])
  })

  it.each([
    ['registry.acme.io/other/app', '1'],
    ['evil.example/ci/app', '1'],
    ['app', '1'],
    ['registry.acme.io/ci/../other/app', '1'],
    ['registry.acme.io/CI/app', '1'],
    ['registry.acme.io:443/ci/app', '1'],
  ])('T96 refuses to push %s:%s', async (name, tag) => {
    const answer = await scene.send('POST', `/v1.47/images/${name}/push?tag=${tag}`, { role: 'ci' })
    if (answer.status !== 403) expectRefusal(answer, 'target-malformed', 'operation-unknown')
    else expect(await expectNotAllowed(scene, answer, 'ci')).toEqual(['(image) (registries.push)'])
    await scene.nothingReached()
  })

  it('T96 refuses to push by digest or id, and sends what it pushes as it was judged', async () => {
    expect(await refused('ci', 'POST', `/v1.47/images/registry.acme.io/ci/app@${DIGEST}/push`)).toEqual([
      '(image) (registries.push)',
    ])
    expect(await refused('ci', 'POST', `/v1.47/images/${'a'.repeat(64)}/push`)).toEqual(['(image) (registries.push)'])
    expect(await sent('ci', 'POST', '/v1.47/images/registry.acme.io%2Fci%2Fapp:2/push?tag=1')).toMatchObject({
      path: '/v1.47/images/registry.acme.io/ci/app/push',
      query: { tag: '1' },
    })
  })

  it.each([
    ['POST', '/v1.47/images/load', 'load', '(body)'],
    ['GET', '/v1.47/images/get?names=alpine', 'save', '(answer)'],
    ['GET', '/v1.47/images/alpine/get', 'save', '(answer)'],
    ['GET', '/v1.47/containers/box/export', 'export', '(answer)'],
  ])('T96 takes %s %s for a way in or out, of its own flag', async (method, target, flag, field) => {
    const wish = method === 'POST' ? { headers: ['Content-Type: application/x-tar'], body: 'images' } : {}
    expect(await refused('none', method, target, wish)).toEqual([`${field} (registries.${flag})`])
    const { request } = await sent('files', method, target, wish)
    expect(request?.target).toBe(target)
    expect(request?.body.toString()).toBe(method === 'POST' ? 'images' : '')
  })

  it.each([
    ['/v1.47/distribution/169.254.169.254/x/json', '(image)'],
    ['/v1.47/distribution/evil.example:5000/alpine/json', '(image)'],
    [`/v1.47/distribution/${'a'.repeat(64)}/json`, '(image)'],
    ['/v1.47/images/search?term=evil.example/x', 'term'],
    ['/v1.47/images/search?term=localhost:5000/x', 'term'],
    ['/v1.47/images/search', 'term'],
  ])('T95b refuses to have the engine ask a registry that is not listed: %s', async (target, field) => {
    expect(await refused('ci', 'GET', target)).toEqual([`${field} (registries.pull)`])
    expect(await refused('none', 'GET', target)).toEqual([`${field} (registries.pull)`])
  })

  it('T95b sends the reference to ask for as it was judged', async () => {
    expect((await sent('ci', 'GET', '/v1.47/distribution/alpine/json')).path).toBe(
      '/v1.47/distribution/docker.io/library/alpine:latest/json',
    )
  })

  it('T95b refuses to log in anywhere, and shows no password', async () => {
    const body = JSON.stringify({ username: 'u', password: 'hunter2', serveraddress: 'http://169.254.169.254' })
    const found = await judgementOf(() => scene, 'none').refused('/v1.47/auth', body)
    expect(found).toEqual(['username', 'password', 'serveraddress'].map((name) => `${name} (workload.hostFields)`))
    expect(scene.recordLines().join('\n')).not.toContain('hunter2')
  })

  it.each([
    ['base64 of URLs', SECRET],
    ['base64', Buffer.from('{"password":"hunter2??>>"}').toString('base64')],
    ['nothing', ''],
  ])('T97 hands credentials in %s on, and writes them nowhere', async (_, value) => {
    const headers = [`X-Registry-Auth: ${value}`, 'X-Meta-Note: a']
    const { request } = await sent('ci', 'POST', create({ fromImage: 'alpine', tag: '3' }), { headers })
    expect(request?.values('X-Registry-Auth')).toEqual([value])
    await scene.record(recordId(await scene.send('GET', '/nothing')))
    const log = scene.recordLines().join('\n')
    for (const secret of ['hunter2', SECRET, value].filter(Boolean)) expect(log).not.toContain(secret)
  })

  it.each([
    ['X-Registry-Auth', create({ fromImage: 'alpine', tag: '3' })],
    ['X-Registry-Config', '/v1.47/build'],
  ])(
    'T97 refuses %s that is no base64, that comes twice, or that is too large, without showing it',
    async (name, target) => {
      const send = (headers: string[]) => rawRequest(scene.tcp, scene.request('POST', target, { role: 'ci', headers }))
      for (const value of ['{"password":"hunter2"}', 'hunter2=x', 'hunter2===', 'hunter2 hunter2']) {
        const { answer } = await send([`${name}: ${value}`])
        expectRefusal(answer, 'http-malformed')
        expect(answer.text()).not.toContain('hunter2')
      }
      expectRefusal((await send([`${name}: hunter2`, `${name.toLowerCase()}: hunter3`])).answer, 'header-repeated')
      const large = await send([`${name}: ${'hunter2'.repeat(40_000)}`])
      expectRefusal(large.answer, 'headers-too-large')
      expect(large.answer.text() + scene.recordLines().join('\n')).not.toContain('hunter2')
      await scene.nothingReached()
    },
  )

  it('T97 keeps credentials from operations that take none', async () => {
    const headers = [`X-Registry-Auth: ${SECRET}`, `X-Registry-Config: ${SECRET}`, `Cookie: ${SECRET}`]
    const { request } = await sent('none', 'GET', '/v1.47/images/json', { headers })
    expect(request?.headers.flat().join('\n')).not.toContain(SECRET)
  })
})
