import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rawRequest } from '../support/raw-client.ts'
import { expectRefusal, type Scene, startScene } from './scene.ts'

describe('attacks on paths and routing', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const refused = async (target: string, ...reasons: Parameters<typeof expectRefusal>[1][]) => {
    expectRefusal(await scene.send('GET', target), ...reasons)
    await scene.nothingReached()
  }

  it.each([
    '/containers/%252e%252e/json',
    '/containers/a%252Fb/json',
    '/v1.41/containers%252Fjson',
    '/images/a%252Fb/json',
    '/containers/%2525/json',
    '/info%253Fa',
  ])('T1 refuses the double encoding in %s', (target) => refused(target, 'target-malformed'))

  it.each([
    '/../info',
    '/./info',
    '//info',
    '/v1.41/../info',
    '/v1.41/./info',
    '/v1.41//info',
    '/v1.41/../v1.41/info',
    '/containers/../info',
    '/containers//json',
    '/images/a/../../containers/json',
    '/images/a/./json',
    '/images/a//b/json',
    '/%2e%2e/info',
    '/%2E/info',
    '/v1.41/%2e%2e/info',
    '/v1.41/.%2e/info',
    '/containers/%2e%2e/json',
    '/containers/..%2Finfo/json',
    '/images/a%2F%2E%2E%2Fb/json',
    '/images/a%2F..%2Fb/json',
    '/images/a%2F%2Fb/json',
    '/%2Finfo',
    '/v1.41%2Finfo',
    '/containers%2Fjson',
    '/cont%61iners/json',
    '/v1%2e41/info',
  ])('T2 refuses %s instead of cleaning it', (target) => refused(target, 'target-malformed'))

  it('T3 judges versioned and unversioned paths alike', async () => {
    for (const prefix of ['', '/v1.24', '/v1.41', '/v1.56']) {
      const wish = { role: 'reader', body: '{}' } as const
      expectRefusal(await scene.send('POST', `${prefix}/containers/create`, wish), 'operation-not-allowed')
    }
    await scene.nothingReached()
    for (const prefix of ['', '/v1.24', '/v1.41']) {
      expect((await scene.send('GET', `${prefix}/info`, { role: 'reader' })).status).toBe(200)
    }
    expect(await scene.reachedLines()).toEqual(['GET /info', 'GET /v1.24/info', 'GET /v1.41/info'])
  })

  it.each([
    '/V1.41/info',
    '/v/info',
    '/v1/info',
    '/v1.41/v1.41/info',
    '/v1.44.0.0/info',
    '/v1.44./info',
    '/v.44/info',
    '/v1..44/info',
    '/v1.44/V1.44/info',
    '/v2.0/info',
    '/v99.0/info',
    '/v1.1000/info',
    '/v1.99999999999999999999/info',
  ])('T4 refuses the version in %s', (target) => refused(target, 'target-malformed', 'version-unsupported'))

  it.each([
    '/INFO',
    '/Containers/json',
    '/containers/JSON',
    '/containers/json;x',
    '/containers/x;y/json',
    '/containers/x%3By/json',
    '/containers/x%00/json',
    '/containers/%00',
    '/containers%5cjson',
    '/containers/x%5C..%5Cy/json',
    '/containers/x%0a/json',
    '/containers/x%0d%0aX-A:%20b/json',
    '/containers/x%20y/json',
    '/containers/%20x/json',
    '/containers/%EF%BC%8E%EF%BC%8E/json',
    '/containers/x%EF%BC%8Fy/json',
    '/containers/caf%C3%A9/json',
    '/containers/cafe%CC%81/json',
    '/containers/%E2%84%AAx/json',
    '/containers/%C0%AE%C0%AE/json',
    '/containers/%ff/json',
    '/containers/x%/json',
    '/containers/x%4/json',
    '/containers/x%zz/json',
    '/containers/x%u0041/json',
    '/ınfo',
  ])('T5 refuses %s, literally', (target) => refused(target, 'target-malformed', 'operation-unknown', 'http-malformed'))

  it.each(['\x01', '\t', '\x7f', '\\', '"', '<', '^', '`', '{', '|', '\x80', '\xff'])(
    'T5 refuses the raw byte %j in a path',
    (byte) => refused(`/containers/x${byte}/json`, 'target-malformed', 'http-malformed'),
  )

  it.each([
    ['a trailing slash', 'GET', '/containers/json/'],
    ['a trailing slash', 'GET', '/info/'],
    ['the absolute form', 'GET', 'http://docker/info'],
    ['the absolute form of another scheme', 'GET', 'unix://docker/info'],
    ['the absolute form with a user', 'GET', 'http://a@b/info'],
    ['the authority form', 'GET', 'docker:80'],
    ['no leading slash', 'GET', 'info'],
    ['the asterisk form', 'OPTIONS', '*'],
    ['a fragment', 'GET', '/info#x'],
    ['a fragment before the query', 'GET', '/containers/json#?all=1'],
  ])('T6 refuses %s: %s %s', async (_, method, target) => {
    expectRefusal(await scene.send(method, target), 'target-malformed', 'http-malformed')
    await scene.nothingReached()
  })

  it('T6 refuses CONNECT, and is no open proxy', async () => {
    const exchange = await rawRequest(scene.tcp, scene.request('CONNECT', 'docker:80'), { until: 'close' })
    expectRefusal(exchange.answer, 'target-malformed', 'operation-unknown')
    await scene.nothingReached()
  })

  it('T6 sends a Host of its own, whatever the client says', async () => {
    const bytes = scene.request('GET', '/info').replace('Host: docker', 'Host: evil.example/../x?y')
    expect([200, 400]).toContain((await rawRequest(scene.tcp, bytes)).answer.status)
    for (const request of await scene.reached()) expect(request.values('Host')).toEqual(['docker'])
  })

  it.each([
    ['no Host', ''],
    ['two Hosts', 'Host: docker\r\nHost: docker\r\n'],
    ['two Hosts in other case', 'Host: docker\r\nhOST: evil\r\n'],
  ])('T6 refuses %s', async (_, lines) => {
    const bytes = scene.request('GET', '/info').replace('Host: docker\r\n', lines)
    expectRefusal((await rawRequest(scene.tcp, bytes)).answer, 'http-malformed', 'header-repeated')
    await scene.nothingReached()
  })

  it.each([
    ['GET', '/containers/mine/theirs/json'],
    ['POST', '/containers/mine/theirs/exec'],
    ['POST', '/containers/mine%2Ftheirs/exec'],
    ['POST', '/exec/a/b/start'],
    ['GET', '/exec/a%2Fb/json'],
    ['DELETE', '/containers/mine/theirs'],
    ['GET', '/volumes/a/b'],
    ['GET', '/secrets/a/b'],
  ])('T7 lets no name span slashes: %s %s', async (method, target) => {
    expectRefusal(await scene.send(method, target), 'operation-unknown', 'target-malformed')
    await scene.nothingReached()
  })

  it('T7 decides by the suffix where names do hold slashes', async () => {
    await scene.send('GET', '/images/registry.example/a/json/json', { role: 'reader' })
    await scene.send('GET', '/images/registry.example%2Fa/json', { role: 'reader' })
    expectRefusal(await scene.send('POST', '/images/a/json/push', { role: 'reader' }), 'operation-not-allowed')
    expect(await scene.reachedLines()).toEqual([
      'GET /images/registry.example/a/json/json',
      'GET /images/registry.example/a/json',
    ])
  })

  it.each([
    '/containers/x/attach/ws?stream=1&stdin=1&stdout=1',
    '/containers/x/archive?path=/etc/shadow',
    '/containers/x/export',
    '/containers/x/logs?stdout=1',
    '/containers/x/top',
    '/images/get?names=a',
    '/images/a/get',
    '/events',
  ])('T8 refuses GET %s to a role that may read', async (target) => {
    expectRefusal(await scene.send('GET', target, { role: 'reader' }), 'operation-not-allowed')
    await scene.nothingReached()
  })

  it.each([
    ['GET', '/containers/x/attestations'],
    ['GET', '/containers/x/json/json'],
    ['GET', '/containers/x/checkpoint'],
    ['POST', '/containers/x/exec/start'],
    ['GET', '/images/a'],
    ['POST', '/volumes/x/resize'],
    ['GET', '/system'],
    ['GET', '/system/df/x'],
    ['GET', '/'],
    ['GET', '/v1.41'],
    ['GET', '/v1.41/'],
    ['POST', '/info'],
    ['DELETE', '/containers/json/x'],
    ['PUT', '/containers/create'],
  ])('T9 refuses what no operation is, even to a role that may do everything: %s %s', async (method, target) => {
    expectRefusal(await scene.send(method, target), 'operation-unknown', 'target-malformed')
    await scene.nothingReached()
  })

  it('T10 judges exec-create as exec, although it lives under /containers', async () => {
    const body = '{"Cmd":["id"]}'
    for (const role of ['reader', 'maker'] as const) {
      expectRefusal(await scene.send('POST', '/containers/x/exec', { role, body }), 'operation-not-allowed')
    }
    await scene.nothingReached()
    await scene.send('POST', '/containers/x/exec', { role: 'runner', body })
    expect(await scene.reachedLines()).toEqual(['POST /containers/x/exec'])
  })

  it.each([
    'get',
    'Get',
    'gET',
    'GETT',
    'GE',
    'FOO',
    'TRACE',
    'PATCH',
    'PROPFIND',
    'SOURCE',
    'QUERY',
    'M-SEARCH',
    'G\x00T',
  ])('T11 refuses the method %j', async (method) => {
    expectRefusal(await scene.send(method, '/info'), 'operation-unknown', 'http-malformed')
    await scene.nothingReached()
  })

  it('T11 ignores headers that would override the method', async () => {
    const names = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method']
    await scene.send('GET', '/containers/json', { role: 'reader', headers: names.map((name) => `${name}: DELETE`) })
    const [request, ...more] = await scene.reached()
    expect([request?.method, more.length]).toEqual(['GET', 0])
    for (const name of names) expect(request?.values(name)).toEqual([])
  })

  it.each([
    '/v1.12/info',
    '/v1.18/info',
    '/v1.23/info',
    '/v1.041/info',
    '/v01.41/info',
    '/v0001.41.0.0/info',
    '/v1.4/info',
    '/v0.99/info',
  ])('T13 refuses %s: older semantics, or a spelling that hides them', (target) =>
    refused(target, 'version-unsupported', 'target-malformed'),
  )

  it.each(['/v1.23', '/v1.24', '/v1.41', ''])(
    'T13 takes no HostConfig at start: %s/containers/x/start',
    async (prefix) => {
      const body = '{"HostConfig":{"Privileged":true,"Binds":["/:/host"]}}'
      const answer = await scene.send('POST', `${prefix}/containers/x/start`, { body })
      expectRefusal(answer, 'body-unexpected', 'version-unsupported')
      await scene.nothingReached()
    },
  )

  it.each([
    ['DELETE', '/networks/'],
    ['DELETE', '/networks'],
    ['DELETE', '/v1.41/networks/'],
    ['DELETE', '/containers/'],
    ['DELETE', '/volumes/'],
    ['DELETE', '/images/'],
    ['GET', '/containers//json'],
    ['DELETE', '/networks/%23'],
    ['DELETE', '/containers/x%23y'],
    ['DELETE', '/images/a%23b'],
  ])('T14 refuses the empty or odd name in %s %s', async (method, target) => {
    expectRefusal(await scene.send(method, target), 'target-malformed', 'operation-unknown')
    await scene.nothingReached()
  })

  it('T15 does not take the removal of a checkpoint for the removal of a container', async () => {
    const answer = await scene.send('DELETE', '/containers/x/checkpoints/y', { role: 'deleter' })
    expectRefusal(answer, 'operation-not-allowed')
    await scene.nothingReached()
    await scene.send('DELETE', '/containers/x', { role: 'deleter' })
    expect(await scene.reachedLines()).toEqual(['DELETE /containers/x'])
  })
})
