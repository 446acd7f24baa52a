import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rawRequest } from '../support/raw-client.ts'
import { expectNotAllowed, judgementOf } from './judgement.ts'
import { expectRefusal, type Scene, startScene } from './scene.ts'

const commit = (parameters: Record<string, string>) =>
  `/v1.47/commit?${new URLSearchParams({ container: 'box', ...parameters })}`

describe('attacks on what a container becomes', () => {
  let scene: Scene
  beforeAll(async () => {
    const allow = '[read, read-sensitive, create, lifecycle, delete]'
    scene = await startScene({
      ci: `{ allow: ${allow}, workload: { images: ["docker.io/**"], user: nonRoot, volumes: ["ci-*"], labels: { reserved: [team] } }, build: { tags: ["registry.acme.io/\${claims.role}/**"] } }`,
      none: `{ allow: ${allow} }`,
    })
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const ci = judgementOf(() => scene, 'ci')
  const none = judgementOf(() => scene, 'none')
  const refused = async (method: string, target: string) =>
    expectNotAllowed(scene, await scene.send(method, target, { role: 'ci' }), 'ci')

  it('T83 judges the configuration that a commit writes into an image', async () => {
    const body = {
      User: 'root',
      Image: 'evil.example/x',
      Volumes: { '/data': {} },
      Labels: { team: 'x', 'io.dockgate.owner': 'acme/other' },
      MacAddress: '02:42:ac:11:00:02',
      HostConfig: { Privileged: true },
    }
    const parameters = { repo: 'alpine', changes: 'LABEL team=x\nENTRYPOINT ["/evil"]' }
    expect((await ci.refused(commit(parameters), body)).sort()).toEqual([
      'HostConfig (workload.unknownFields)',
      'Image (workload.images)',
      'Labels["io.dockgate.owner"] (workload.labels)',
      'Labels["team"] (workload.labels)',
      'MacAddress (workload.networks)',
      'User (workload.user)',
      'changes[0]["team"] (workload.labels)',
      'repo (build.tags)',
    ])
    expect(await none.refused(commit({ repo: 'alpine' }), 'null')).toEqual(['repo (build.tags)'])
  })

  it('T83 sends a commit with its name and its instructions as they were judged', async () => {
    const parameters = { repo: 'registry.acme.io/ci/app', changes: 'CMD ["x"]', pause: '0' }
    const body = JSON.stringify({ Env: ['A=b'], User: '1000', container: 'other' })
    expect((await scene.send('POST', commit(parameters), { role: 'ci', body })).status).toBe(200)
    const [request] = await scene.reached()
    expect(request?.body.toString()).toBe('{"Env":["A=b"],"User":"1000"}')
    const [path, query] = (request?.target ?? '').split('?')
    expect(path).toBe('/v1.47/commit')
    expect(Object.fromEntries(new URLSearchParams(query))).toEqual({ container: 'box', ...parameters, tag: 'latest' })
  })

  it.each([
    'LABEL a=b \\',
    'LABEL "io.dockgate.owner"=x',
    'LABEL io.dockgate.\\owner=x',
    'LABEL ${A}=x',
    'ENV A=b \\\nLABEL io.dockgate.owner=x',
    '# escape=`',
    'RUN evil',
    'FROM alpine',
    'COPY --from=prod / /',
    '\u00a0LABEL a=b',
  ])('T91 refuses the instruction %j, which may be read in another way', async (changes) => {
    expectRefusal(await scene.send('POST', commit({ changes }), { role: 'ci', body: '{}' }), 'query-malformed')
    await scene.nothingReached()
  })

  it.each([
    'docker.io/library/alpine',
    'registry.acme.io/other/app',
    `registry.acme.io/ci/app@sha256:${'a'.repeat(64)}`,
    'x:1:2',
  ])('T83 refuses to give an image the name %s, which another has', async (repo) => {
    expect(await refused('POST', `/v1.47/images/alpine/tag?${new URLSearchParams({ repo })}`)).toEqual([
      'repo (build.tags)',
    ])
    expect(await ci.refused(commit({ repo }), '{}')).toEqual(['repo (build.tags)'])
  })

  it.each([
    '{"HostConfig":{"Privileged":true}}',
    '{"Binds":["/:/host"],"Privileged":true}',
    '{"Privileged":false}',
    '[]',
    '"x"',
    ' {\u0020} ',
  ])('T83 refuses a start with the body %s, which old engines read', async (body) => {
    for (const target of ['/v1.47/containers/box/start', '/v1.24/containers/box/start', '/containers/box/start']) {
      expectRefusal(await scene.send('POST', target, { role: 'ci', body }), 'body-unexpected')
    }
    await scene.nothingReached()
  })

  it('T83 sends no body with a start, and no start to versions that read one', async () => {
    for (const body of ['{}', 'null', '']) {
      scene.engine.reset()
      expect((await scene.send('POST', '/v1.47/containers/box/start', { role: 'ci', body })).status).toBe(200)
      const [request] = await scene.reached()
      expect(request?.body.length).toBe(0)
      expect(request?.values('Content-Type')).toEqual([])
    }
    scene.engine.reset()
    const old = await scene.send('POST', '/v1.23/containers/box/start', { role: 'ci', body: '{"Privileged":true}' })
    expectRefusal(old, 'version-unsupported')
    await scene.nothingReached()
  })

  it('T83 refuses a start by chunks, behind which more might come', async () => {
    const headers = ['Content-Type: application/json', 'Transfer-Encoding: chunked']
    const head = scene.request('POST', '/v1.47/containers/box/start', { role: 'ci', headers })
    const { answer } = await rawRequest(scene.tcp, `${head}13\r\n{"Privileged":true}\r\n0\r\n\r\n`)
    expectRefusal(answer, 'body-unexpected')
    await scene.nothingReached()
  })

  it.each([
    ['POST', '/containers/box/start?checkpoint=x', ['checkpoint']],
    ['POST', '/containers/box/start?checkpoint=x&checkpoint-dir=/etc', ['checkpoint', 'checkpoint-dir']],
    ['GET', '/containers/box/checkpoints?dir=/etc', ['dir']],
    ['DELETE', '/containers/box/checkpoints/c', ['{checkpoint}']],
    ['DELETE', '/containers/box/checkpoints/c?dir=/', ['dir', '{checkpoint}']],
    ['GET', '/containers/box/top?ps_args=-eo%20args', ['ps_args']],
  ])('T83 refuses %s %s, which reaches the host itself', async (method, target, fields) => {
    const found = await refused(method, `/v1.47${target}`)
    expect(found.sort()).toEqual(fields.map((field) => `${field} (workload.hostFields)`).sort())
  })

  it('T83 refuses to write a checkpoint anywhere', async () => {
    const body = { CheckpointID: '../../../etc/cron.d/x', CheckpointDir: '/', Exit: false }
    expect((await ci.refused('/v1.47/containers/box/checkpoints', body)).sort()).toEqual([
      'CheckpointDir (workload.hostFields)',
      'CheckpointID (workload.hostFields)',
    ])
  })
})
