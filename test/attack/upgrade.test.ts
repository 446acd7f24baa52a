import tls from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as answers from '../support/engine-answers.ts'
import { type RawAnswer, type RawConnection, rawRequest } from '../support/raw-client.ts'
import type { EngineAnswer } from '../support/recording-engine.ts'
import { expectRefusal, recordId, type Scene, startScene, type Wish } from './scene.ts'

const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp']
const START = '/exec/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/start'

describe('attacks on upgrades', () => {
  let scene: Scene
  const opened: RawConnection[] = []
  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene.close())
  beforeEach(() => {
    for (const connection of opened.splice(0)) connection.destroy()
    scene.engine.reset()
  })

  const start = (wish: Wish = {}) =>
    scene.request('POST', START, {
      body: '{"Detach":false,"Tty":false}',
      ...wish,
      headers: [...UPGRADE, ...(wish.headers ?? [])],
    })
  const smuggled = () => scene.request('DELETE', '/containers/smuggled')
  const open = async (bytes: string, where = scene.tcp) => {
    const connection = await scene.open(where)
    opened.push(connection)
    await connection.write(bytes)
    return connection
  }
  const keepAlive404: EngineAnswer = answers.json(404, { message: 'No such exec instance' })

  it('T21 serves nothing behind a refused upgrade', async () => {
    for (const wish of [{ role: null }, { role: 'reader' }] as const) {
      const exchange = await rawRequest(scene.tcp, start(wish) + smuggled(), { until: 'close' })
      expectRefusal(exchange.answer, 'credentials-missing', 'operation-not-allowed')
      expect(exchange.answers).toHaveLength(1)
    }
    await scene.nothingReached()
  })

  it('T21 judges what follows a hijack that was answered 200, and passes none of it on raw', async () => {
    scene.engine.answer(answers.rawStream('output'))
    const attach = scene.request('POST', '/containers/x/attach?stream=1&stdout=1', { role: 'viewer' })
    const following = scene.request('DELETE', '/containers/x', { role: 'viewer' })
    const exchange = await rawRequest(scene.tcp, [attach, following], { until: 2 })
    expect(exchange.answers[0]?.text()).toBe('output')
    expectRefusal(exchange.answers[1] as RawAnswer, 'operation-not-allowed')
    for (const line of await scene.reachedLines()) expect(line).toMatch(/^POST \/containers\/x\/attach/)
    for (const far of scene.engine.connections) expect(far.received.toString()).not.toContain('DELETE')
  })

  it('T22 sets Upgrade itself, and sends no other field of the client', async () => {
    scene.engine.answer(answers.hijackEcho())
    const forged = [
      'Keep-Alive: 9',
      'X-Forwarded-For: 1.2.3.4',
      'Cookie: a=b',
      'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
    ]
    const connection = await open(start({ headers: forged }))
    expect((await connection.answer()).status).toBe(101)
    const request = await scene.engine.waitForRequest(1)
    expect(request.values('Upgrade')).toEqual(['tcp'])
    expect(request.values('Connection')).toEqual(['Upgrade'])
    const names = request.headers.map(([name]) => name.toLowerCase()).sort()
    expect(names).toEqual(['connection', 'content-length', 'content-type', 'host', 'upgrade'])
  })

  it('T22 does not upgrade on a lone Upgrade or a lone Connection, and passes neither on', async () => {
    for (const headers of [['Upgrade: tcp'], ['Connection: Upgrade']]) {
      const exchange = await rawRequest(scene.tcp, scene.request('POST', START, { headers, body: '{}' }))
      expect(exchange.answer.status).not.toBe(101)
    }
    for (const request of await scene.reached()) expect(request.values('Upgrade')).toEqual([])
  })

  it('T23 cleans the answer to a refused upgrade like any other answer', async () => {
    const fields = [
      'Connection: keep-alive, X-Inner',
      'Keep-Alive: timeout=5',
      'X-Inner: 1',
      'Upgrade: h2c',
      'Proxy-Authenticate: x',
    ]
    scene.engine.answer(answers.json(404, { message: 'No such exec instance' }, fields))
    const exchange = await rawRequest(scene.tcp, start(), { until: 'close' })
    expect(exchange.answer.status).toBe(404)
    expect(exchange.answer.json()).toEqual({ message: 'No such exec instance' })
    expect(exchange.answer.values('Connection')).toEqual(['close'])
    for (const name of ['X-Inner', 'Keep-Alive', 'Upgrade', 'Proxy-Authenticate']) {
      expect(exchange.answer.values(name)).toEqual([])
    }
  })

  it.each([
    ['404 and keeps the connection', keepAlive404],
    ['409', answers.json(409, { message: 'not running' })],
    ['200 and keeps the connection', answers.json(200, {})],
    ['404 without a length', answers.missingWithoutLength()],
    ['204', answers.bytes('HTTP/1.1 204 No Content\r\n\r\n')],
  ])('T23b opens no tunnel when the engine answers exec start with %s', async (_, answer) => {
    scene.engine.answer(answer)
    const connection = await open(start() + smuggled())
    const first = await connection.answer()
    expect([200, 204, 404, 409]).toContain(first.status)
    await connection.write(smuggled())
    await connection.ended()
    expect(await scene.reachedLines()).toEqual([`POST ${START}`])
    const received = scene.engine.requests[0]?.connection.received.toString() ?? ''
    expect(received).not.toContain('smuggled')
  })

  it('T23b opens no tunnel when the client sends its second request before the answer', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    scene.engine.answer(async (request, connection) => {
      await held
      await keepAlive404(request, connection)
    })
    const connection = await open(start())
    const request = await scene.engine.waitForRequest(1)
    await connection.write(smuggled())
    release()
    expect((await connection.answer()).status).toBe(404)
    await connection.ended()
    expect(request.connection.received.toString()).not.toContain('smuggled')
    expect(await scene.reachedLines()).toEqual([`POST ${START}`])
  })

  it('T23b relays the output when the engine answers an upgrade with 200 and a raw stream', async () => {
    scene.engine.answer(answers.rawStream('all of it'))
    const exchange = await rawRequest(scene.tcp, start(), { until: 'close' })
    expect([exchange.answer.status, exchange.answer.text()]).toEqual([200, 'all of it'])
  })

  it.each([
    ['GET', '/_ping'],
    ['HEAD', '/_ping'],
    ['GET', '/info'],
    ['GET', '/events'],
    ['GET', '/containers/x/logs?stdout=1'],
    ['POST', '/containers/x/start'],
    ['POST', '/containers/x/exec'],
    ['POST', '/build'],
    ['PUT', '/containers/x/archive?path=/'],
  ])('T24 refuses an upgrade on %s %s, which does not hijack', async (method, target) => {
    for (const protocol of ['tcp', 'h2c', 'websocket']) {
      const bytes = scene.request(method, target, { headers: ['Connection: Upgrade', `Upgrade: ${protocol}`] })
      const exchange = await rawRequest(scene.tcp, bytes + smuggled(), { until: 'close' })
      expect(exchange.answers.map(({ status }) => status)[0]).toBe(400)
      if (method !== 'HEAD') expectRefusal(exchange.answer, 'upgrade-unexpected')
    }
    await scene.nothingReached()
  })

  it.each(['h2c', 'websocket', 'TLS/1.0', 'tcp, h2c', 'tcp/1', 'HTTP/2.0', 'x'])(
    'T24 refuses the protocol %s on exec start',
    async (protocol) => {
      const bytes = scene.request('POST', START, {
        body: '{}',
        headers: ['Connection: Upgrade', `Upgrade: ${protocol}`],
      })
      const exchange = await rawRequest(scene.tcp, bytes, { until: 'close' })
      expectRefusal(exchange.answer, 'upgrade-malformed')
      await scene.nothingReached()
    },
  )

  it('T24 refuses two Upgrade fields', async () => {
    const exchange = await rawRequest(scene.tcp, start({ headers: ['Upgrade: h2c'] }), { until: 'close' })
    expectRefusal(exchange.answer, 'header-repeated')
    await scene.nothingReached()
  })

  it('T24 refuses HTTP/2 by prior knowledge', async () => {
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00'
    const exchange = await rawRequest(scene.tcp, preface, { until: 'close' })
    expectRefusal(exchange.answer, 'http-malformed')
    await scene.nothingReached()
  })

  it('T24 speaks HTTP/1.1 only on TLS, whatever ALPN asks for', async () => {
    const { host, port, tls: options } = scene.tls as { host: string; port: number; tls: tls.ConnectionOptions }
    const negotiated = (protocols: string[]) =>
      new Promise<string | false | null>((resolve) => {
        const socket = tls.connect({ host, port, ...options, ALPNProtocols: protocols })
        socket.once('secureConnect', () => {
          resolve(socket.alpnProtocol)
          socket.destroy()
        })
        socket.once('error', () => resolve(null))
      })
    expect(await negotiated(['h2', 'http/1.1'])).toBe('http/1.1')
    expect(await negotiated(['h2'])).not.toBe('h2')
    await scene.nothingReached()
  })

  it('T24b speaks HTTP/1.1 to the engine, for the BuildKit tunnels too', async () => {
    scene.engine.answer(answers.hijackEcho('h2c'))
    for (const target of ['/grpc', '/session']) {
      const headers = [
        'Connection: Upgrade',
        'Upgrade: h2c',
        'X-Docker-Expose-Session-Grpc-Method: /a',
        'X-Docker-Expose-Session-Grpc-Method: /b',
      ]
      const connection = await open(scene.request('POST', target, { headers }))
      const answer = await connection.answer()
      expect([answer.status, answer.header('Upgrade')]).toEqual([101, 'h2c'])
    }
    const [grpc, session] = await scene.reached()
    expect(grpc?.connection.received.toString()).toMatch(/^POST \/grpc HTTP\/1\.1\r\n/)
    expect(session?.values('X-Docker-Expose-Session-Grpc-Method')).toEqual(['/a', '/b'])
    expect(grpc?.values('X-Docker-Expose-Session-Grpc-Method')).toEqual([])
  })

  it.each([
    ['/moby.buildkit.v1.Control/Solve', 'operation-not-carried'],
    ['/v1.53/moby.buildkit.v1.Control/Solve', 'operation-not-carried'],
    ['/moby.buildkit.v1.frontend.LLBBridge/Solve', 'operation-not-carried'],
    ['/grpc.health.v1.Health/Check', 'operation-unknown'],
  ] as const)('T24b refuses gRPC by its own path: %s', async (target, reason) => {
    const headers = ['Content-Type: application/grpc', 'TE: trailers']
    expectRefusal(await scene.send('POST', target, { headers, body: '\x00\x00\x00\x00\x00' }), reason)
    await scene.nothingReached()
  })

  it.each([
    ['authentication', { role: null }, 'credentials-missing'],
    ['authorisation', { role: 'reader' }, 'operation-not-allowed'],
    ['the media type', { headers: ['Content-Type: text/plain'] }, 'content-type'],
    ['the content encoding', { headers: ['Content-Encoding: gzip'] }, 'content-encoding'],
    [
      'the refusal of repeated fields',
      { headers: ['Content-Type: application/json', 'Content-Type: text/plain'] },
      'header-repeated',
    ],
    ['the refusal of expectations', { headers: ['Expect: something'] }, 'expectation-unknown'],
  ] as const)('T25 applies %s to upgrades, and writes a record', async (_, wish, reason) => {
    const exchange = await rawRequest(scene.tcp, start(wish), { until: 'close' })
    expectRefusal(exchange.answer, reason)
    expect(await scene.record(recordId(exchange.answer))).toMatchObject({ decision: 'deny', reason })
    await scene.nothingReached()
  })

  it('T25 applies the limits of the listener to upgrades', async () => {
    const many = Array.from({ length: 20 }, (_, i) => `X-${i}: 1`)
    const exchange = await rawRequest(scene.tight, start({ headers: many }), { until: 'close' })
    expectRefusal(exchange.answer, 'headers-too-many')
    const long = scene.request('POST', `/containers/${'x'.repeat(1100)}/attach`, { headers: UPGRADE })
    expectRefusal((await rawRequest(scene.tight, long, { until: 'close' })).answer, 'target-too-long')
    await scene.nothingReached()
  })

  it('T25 gives the body of an upgrade its deadline', async () => {
    const bytes = start().slice(0, -5)
    const exchange = await rawRequest(scene.tight, bytes, { until: 'close' })
    expectRefusal(exchange.answer, 'body-timeout')
    await scene.nothingReached()
  })

  it('T25 refuses the wrong target, version and query of an upgrade', async () => {
    for (const [target, reason] of [
      ['/v1.23/containers/x/attach', 'version-unsupported'],
      ['/containers/../x/attach', 'target-malformed'],
      ['/containers/x/attach?stream=1&stream=0', 'query-repeated'],
      ['/containers/x/nothing', 'operation-unknown'],
    ] as const) {
      const exchange = await rawRequest(scene.tcp, scene.request('POST', target, { headers: UPGRADE }), {
        until: 'close',
      })
      expectRefusal(exchange.answer, reason)
    }
    await scene.nothingReached()
  })

  it('T25 asks for exec when an attach by WebSocket may write, as for any attach', async () => {
    const headers = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ]
    for (const target of [
      '/containers/x/attach/ws?stdin=1',
      '/v1.41/containers/x/attach/ws?stream=1',
      '/containers/x/attach/ws',
    ]) {
      const exchange = await rawRequest(scene.tcp, scene.request('GET', target, { role: 'viewer', headers }), {
        until: 'close',
      })
      expectRefusal(exchange.answer, 'operation-not-allowed')
    }
    await scene.nothingReached()
  })

  it('T25 carries a WebSocket attach with its handshake', async () => {
    scene.engine.answer(async (request, connection) => {
      await request.whole
      await connection.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: abc\r\n\r\n\x82\x01x',
      )
      connection.hijack()
    })
    const headers = [
      'Connection: keep-alive, Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: key',
    ]
    const connection = await open(
      scene.request('GET', '/v1.43/containers/x/attach/ws?stream=1', { role: 'viewer', headers }),
    )
    const answer = await connection.answer()
    expect([answer.status, answer.header('Sec-WebSocket-Accept'), answer.header('Upgrade')]).toEqual([
      101,
      'abc',
      'websocket',
    ])
    expect((await connection.tunnelled('x')).toString('latin1')).toBe('\x82\x01x')
    expect((await scene.engine.waitForRequest(1)).values('Sec-WebSocket-Key')).toEqual(['key'])
  })
})
