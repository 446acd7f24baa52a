import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import * as answers from '../support/engine-answers.ts'
import type { RawAnswer } from '../support/raw-client.ts'
import { rawRequest } from '../support/raw-client.ts'
import { expectRefusal, type Scene, startScene, type Wish } from './scene.ts'

const CREATE = '/v1.47/containers/create'

describe('attacks under a role that only observes', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({
      watched: '{ allow: [ContainerList], observe: true }',
      kept: '{ allow: [read], objects: own }',
    })
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const send = (method: string, target: string, wish: Wish = {}) =>
    scene.send(method, target, { role: 'watched', ...wish })
  const create = (body: unknown) =>
    send('POST', CREATE, { body: typeof body === 'string' ? body : JSON.stringify(body) })
  const refusedFor = async (answer: RawAnswer, ...reasons: Parameters<typeof expectRefusal>[1][]) => {
    expectRefusal(answer, ...reasons)
    await scene.nothingReached()
  }
  /** Of the last request. */
  const recorded = (wanted: object) =>
    vi.waitFor(() => expect(JSON.parse(scene.recordLines().at(-1) ?? '{}')).toMatchObject(wanted))

  it('lets nobody in without a proof, with a bad one, or without a binding', async () => {
    await refusedFor(await send('POST', '/containers/x/start', { role: null }), 'credentials-missing')
    const forged = ['Authorization: Bearer eyJhbGciOiJub25lIn0.e30.']
    const answer = await send('POST', '/containers/x/start', { role: null, headers: forged })
    expect(answer.status).toBe(401)
    const headers = [`Authorization: Bearer ${await scene.token('stranger', 'nobody')}`]
    await refusedFor(await send('POST', '/containers/x/start', { role: null, headers }), 'binding-none')
  })

  it('lets nobody in who is revoked', async () => {
    const headers = [`Authorization: Bearer ${await scene.token('mallory', 'watched')}`]
    scene.revoke({ issuer: 'local', subject: 'mallory' })
    await expect.poll(async () => (await send('GET', '/containers/json', { role: null, headers })).status).toBe(401)
    scene.engine.reset()
    await refusedFor(await send('POST', '/containers/x/start', { role: null, headers }), 'identity-revoked')
  })

  it.each([
    ['a path that is no operation', 'POST', '/v1.47/containers/x/nothing'],
    ['a path that climbs', 'GET', '/v1.47/containers/../../info'],
    ['what the engine speaks over HTTP/2 alone', 'POST', '/moby.buildkit.v1.Control/Solve'],
    ['a parameter that no engine has', 'GET', '/v1.47/containers/json?nothing=1'],
    ['a parameter in two readings', 'POST', '/build?memory=0x10'],
  ] as const)('refuses %s', async (_, method, target) => {
    const answer = await send(method, target)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.text()).toContain('dockgate: ')
    await scene.nothingReached()
  })

  it.each([
    ['that is no JSON', '{"Image":'],
    ['that names a field twice', '{"Image":"a","Image":"b"}'],
    ['with a value of another type', { Image: 'a', HostConfig: { Privileged: 'true' } }],
    ['with a field in a case that the engine folds', { Image: 'a', hostconfig: { Privileged: true } }],
    ['with a field in a place where an older engine reads it', { Image: 'a', Privileged: true, Binds: ['/:/host'] }],
    [
      'with more unknown fields than are looked at',
      { Image: 'a', ...Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`Unheard${i}`, 1])) },
    ],
    ["with the gate's own labels", { Image: 'a', Labels: { 'io.dockgate.owner': 'local:victim' } }],
    ['with a mount that is none', { Image: 'a', HostConfig: { Binds: ['/a:/b:ro,rw'] } }],
  ])('refuses a body %s', async (_, body) => {
    const answer = await create(body)
    expect([400, 403]).toContain(answer.status)
    await recorded({ decision: 'deny', role: 'watched' })
    await scene.nothingReached()
  })

  it('refuses two framings of one body', async () => {
    const text = `POST ${CREATE} HTTP/1.1\r\nHost: docker\r\n${scene.authorization('watched')}\r\nContent-Type: application/json\r\nContent-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`
    expect((await rawRequest(scene.tcp, text)).answer.status).toBe(400)
    await scene.nothingReached()
  })

  it('sends what was read, written anew, and never the bytes that came', async () => {
    scene.engine.answer(answers.json(201, { Id: 'x' }))
    const body = '{ "Image" : "a",\t"Cmd":"sh", "HostConfig":{"Privileged":true,"OfTomorrow":{"b":1.0}} }'
    expect((await create(body)).status).toBe(201)
    const [sent] = await scene.reached()
    const got = JSON.parse(String(sent?.body)) as Record<string, unknown>
    expect(String(sent?.body)).not.toBe(body)
    expect(got).toMatchObject({ Image: 'a', Cmd: ['sh'], HostConfig: { Privileged: true, OfTomorrow: { b: 1 } } })
  })

  it("makes nothing without the gate's stamp where there are owners", async () => {
    scene.engine.answer(answers.json(201, { Id: 'x' }))
    await create({ Image: 'a', Labels: { mine: 'yes' } })
    const [sent] = await scene.reached()
    expect(JSON.parse(String(sent?.body))).toMatchObject({ Labels: { mine: 'yes', 'io.dockgate.owner': '' } })
  })

  it('writes down what it would have refused, and nothing that is secret', async () => {
    scene.engine.answer(answers.json(201, { Id: 'x' }))
    const secret = 'hunter2'
    await send('POST', CREATE, {
      headers: [`X-Registry-Auth: ${Buffer.from(secret).toString('base64')}`],
      body: JSON.stringify({
        Image: 'alpine',
        Env: [`TOKEN=${secret}`],
        Cmd: ['login', secret],
        Labels: { a: secret },
        HostConfig: {
          Binds: ['/etc:/host:ro'],
          LogConfig: { Type: 'splunk', Config: { 'splunk-token': secret } },
          Mounts: [
            { Type: 'volume', Source: 'vol', VolumeOptions: { DriverConfig: { Name: 'nfs', Options: { o: secret } } } },
          ],
        },
      }),
    })
    await recorded({
      decision: 'observe',
      reason: 'operation-not-allowed',
      role: 'watched',
      status: 201,
      refused: expect.arrayContaining([{ field: 'HostConfig.Binds', key: 'workload.mounts' }]),
      asked: {
        images: ['docker.io/library/alpine:latest'],
        mounts: expect.arrayContaining([{ type: 'bind', source: '/etc', target: '/host', readOnly: true }]),
        logDrivers: ['splunk'],
        labels: 1,
      },
    })
    await send('POST', '/containers/x/exec', {
      body: JSON.stringify({ Cmd: ['/bin/mysql', `-p${secret}`], Env: [`A=${secret}`] }),
    })
    await recorded({ asked: { exec: { command: '…/mysql', environment: ['A'] } } })
    await send('POST', '/containers/x/exec', { body: JSON.stringify({ Cmd: [`curl -u me:${secret} host`] }) })
    await recorded({ asked: { cut: true } })
    const args = encodeURIComponent(JSON.stringify({ TOKEN: secret }))
    await send('POST', `/build?buildargs=${args}&remote=${encodeURIComponent(`https://me:${secret}@host/x`)}`)
    await recorded({ asked: { build: { arguments: ['TOKEN'] }, cut: true } })
    expect(scene.recordLines().join('\n')).not.toContain(secret)
  })

  it('keeps a record to one line of some kilobytes, whatever is asked for', async () => {
    const Binds = Array.from({ length: 5000 }, (_, i) => `/srv/\u202e${'d'.repeat(200)}${i}:/x${i}`)
    await create({ Image: 'a', HostConfig: { Binds } })
    await recorded({ asked: { cut: true } })
    expect(scene.recordLines().at(-1)?.length).toBeLessThan(32_768)
    expect(scene.recordLines().at(-1)).not.toContain('\u202e')
  })
})
