import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as answers from '../support/engine-answers.ts'
import { openRaw, type RawConnection, rawRequest } from '../support/raw-client.ts'
import { type Scene, startScene } from './scene.ts'

const MEGABYTE = 1024 * 1024

describe.each(['unix', 'tls'] as const)('a request on the local socket, to a gate on %s', (kind) => {
  let scene: Scene
  const opened: RawConnection[] = []
  beforeAll(async () => {
    scene = await startScene(kind)
  })
  afterAll(() => scene.close())
  beforeEach(() => {
    for (const connection of opened.splice(0)) connection.destroy()
    scene.gate.reset()
    scene.token = 'token-1'
  })

  const open = async (bytes: string) => {
    const connection = await openRaw(scene.local)
    opened.push(connection)
    await connection.write(bytes)
    return connection
  }
  const upgrade = (target: string, protocol = 'tcp', more: readonly string[] = []) =>
    scene.request('POST', target, ['Connection: Upgrade', `Upgrade: ${protocol}`, ...more])

  it("reaches the gate with its method, target and fields, the gate's Host and our token", async () => {
    const fields = ['X-Registry-Auth: e30=', 'X-Twice: 1', 'x-twice: 2', 'User-Agent: docker']
    const { answer } = await rawRequest(scene.local, scene.request('GET', '/v1.41/info?a=%63&a=d', fields))
    expect(answer.status).toBe(200)
    const request = await scene.gate.waitForRequest(1)
    expect(request).toMatchObject({ method: 'GET', target: '/v1.41/info?a=%63&a=d' })
    expect(request.values('Authorization')).toEqual(['Bearer token-1'])
    expect(request.values('Host')).toEqual([expect.stringMatching(kind === 'tls' ? /^localhost:\d+$/ : /^dockgate$/)])
    expect(request.values('X-Twice')).toEqual(['1', '2'])
    expect(request.values('X-Registry-Auth')).toEqual(['e30='])
    expect(request.values('User-Agent')).toEqual(['docker'])
  })

  it("carries our token in place of the client's own", async () => {
    await rawRequest(
      scene.local,
      scene.request('GET', '/info', ['Authorization: Bearer stale', 'authorization: Basic eA==']),
    )
    expect((await scene.gate.waitForRequest(1)).values('Authorization')).toEqual(['Bearer token-1'])
  })

  it('carries the token of its own moment, on a connection that is kept', async () => {
    const connection = await open(scene.request('GET', '/1'))
    await connection.answer()
    scene.token = 'token-2'
    await connection.write(scene.request('GET', '/2'))
    await connection.answer()
    expect(scene.gate.requests.map((request) => request.values('Authorization')[0])).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ])
    expect(scene.gate.requests[0]?.connection).toBe(scene.gate.requests[1]?.connection)
  })

  it('leaves behind what is for one hop only', async () => {
    const fields = [
      'Connection: keep-alive, X-Named',
      'X-Named: 1',
      'TE: trailers',
      'Keep-Alive: timeout=9',
      'Proxy-Authorization: Basic eA==',
    ]
    await rawRequest(scene.local, scene.request('GET', '/info', fields))
    const request = await scene.gate.waitForRequest(1)
    for (const name of ['X-Named', 'TE', 'Keep-Alive', 'Proxy-Authorization']) expect(request.values(name)).toEqual([])
  })

  it.each([
    ['with a length', ['Content-Length: 6'], 'abcdef', 'Content-Length'],
    ['by chunks', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n', 'Transfer-Encoding'],
  ])('brings its body %s', async (_, fields, body, framing) => {
    await rawRequest(scene.local, [scene.request('POST', '/build', fields), body])
    const request = await scene.gate.waitForRequest(1)
    expect(request.body.toString()).toBe('abcdef')
    expect(request.values(framing)).toHaveLength(1)
  })

  it.each([
    ['POST', ['0'], []],
    ['PUT', ['0'], []],
    ['DELETE', [], []],
    ['GET', [], []],
    ['POST', ['0'], ['Content-Length: 0']],
  ])('of %s without a body is sent with Content-Length %j', async (method, lengths, fields) => {
    await rawRequest(scene.local, scene.request(method, '/x', fields))
    const request = await scene.gate.waitForRequest(1)
    expect([request.values('Content-Length'), request.values('Transfer-Encoding')]).toEqual([lengths, []])
  })

  it('takes heads of half a megabyte, as X-Registry-Config may have, and such answers', async () => {
    scene.gate.answer(answers.hugeHeaders(MEGABYTE / 2))
    const { answer } = await rawRequest(
      scene.local,
      scene.request('GET', '/x', [`X-Registry-Config: ${'a'.repeat(MEGABYTE / 2)}`]),
    )
    expect(answer.header('X-Huge')).toHaveLength(MEGABYTE / 2)
  })

  it('gets status, reason and fields of the answer as the gate gave them', async () => {
    const fields =
      'Content-Type: application/json\r\nX-Twice: a\r\nX-Twice: b\r\nApi-Version: 1.41\r\nKeep-Alive: timeout=600'
    scene.gate.answer(answers.bytes(`HTTP/1.1 409 Is There\r\n${fields}\r\nContent-Length: 2\r\n\r\n{}`))
    const { answer } = await rawRequest(scene.local, scene.request('POST', '/x'))
    expect(answer.statusLine).toBe('HTTP/1.1 409 Is There')
    expect(answer.values('X-Twice')).toEqual(['a', 'b'])
    expect(answer.header('Content-Type')).toBe('application/json')
    expect(answer.header('Api-Version')).toBe('1.41')
    expect(answer.header('Content-Length')).toBe('2')
  })

  it('of HEAD gets the head alone', async () => {
    scene.gate.answer(answers.json(200, {}, ['X-Docker-Container-Path-Stat: e30=']))
    const { answer } = await rawRequest(scene.local, scene.request('HEAD', '/x'), { bodiless: true })
    expect(answer.header('X-Docker-Container-Path-Stat')).toBe('e30=')
    expect(answer.body).toHaveLength(0)
  })

  it('gets the head of an answer before there is a body', async () => {
    scene.gate.answer(answers.hangAfterHead())
    const connection = await open(scene.request('POST', '/containers/x/wait'))
    await expect.poll(() => connection.received().toString()).toContain('200 OK')
  })

  it('gets an answer that ends with the connection whole', async () => {
    scene.gate.answer(answers.rawStream('output'))
    const { answer } = await rawRequest(scene.local, scene.request('POST', '/containers/x/attach'))
    expect(answer.text()).toBe('output')
  })

  it('sees an answer that breaks off as broken, never as complete', async () => {
    scene.gate.answer(answers.broken('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'))
    const connection = await open(scene.request('GET', '/x'))
    await connection.ended()
    expect(connection.received().toString()).toContain('abc')
    expect(connection.received().toString()).not.toContain('0\r\n\r\n')
  })

  it('is ended at the gate when the client goes away before the answer', async () => {
    scene.gate.answer(answers.silent())
    const connection = await open(scene.request('POST', '/build?q=1'))
    const request = await scene.gate.waitForRequest(1)
    connection.destroy()
    await request.connection.waitForEnd()
  })

  it('is ended at the gate when the client goes away inside the answer', async () => {
    scene.gate.answer(answers.hangAfterHead())
    const connection = await open(scene.request('GET', '/events'))
    await expect.poll(() => connection.received().toString()).toContain('200 OK')
    connection.destroy()
    await scene.gate.requests[0]?.connection.waitForEnd()
  })

  it('is ended at the gate when the client goes away inside its body', async () => {
    const connection = await open(`${scene.request('POST', '/build', ['Content-Length: 100'])}abc`)
    const request = await scene.gate.waitForHead(1)
    connection.destroy()
    await request.connection.waitForEnd()
    expect(request.complete).toBe(false)
  })

  it('waits with its body for the 100 Continue of the gate', async () => {
    const fields = ['Expect: 100-continue', 'Content-Length: 3']
    scene.gate.answer(async (request, connection) => {
      await connection.write('HTTP/1.1 100 Continue\r\n\r\n')
      await answers.json(200, {})(request, connection)
    })
    const connection = await open(scene.request('POST', '/build', fields))
    expect((await connection.answer()).status).toBe(100)
    expect((await scene.gate.waitForHead(1)).values('Expect')).toEqual(['100-continue'])
    await connection.write('abc')
    expect((await connection.answer()).status).toBe(200)
    expect(scene.gate.requests[0]?.body.toString()).toBe('abc')
  })

  it('that waits for 100 Continue gets a refusal instead, and its connection ends', async () => {
    scene.gate.answer(async (_request, connection) => {
      await connection.write('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n{}')
    })
    const connection = await open(scene.request('POST', '/build', ['Expect: 100-continue', 'Content-Length: 3']))
    expect((await connection.answer()).status).toBe(403)
    await connection.ended()
    await scene.gate.requests[0]?.connection.waitForEnd()
  })

  it('whose upload is refused early gets the refusal', async () => {
    scene.gate.answer(answers.earlyAnswer())
    const connection = await open(scene.request('POST', '/build', ['Transfer-Encoding: chunked']))
    const writing = connection.write(`${(8 * MEGABYTE).toString(16)}\r\n${'x'.repeat(8 * MEGABYTE)}\r\n`)
    expect((await connection.answer()).status).toBe(403)
    await writing
  })

  it('does not read an answer faster than its client', async () => {
    let sent = 0
    scene.gate.answer(
      answers.endless((bytes) => {
        sent = bytes
      }),
    )
    const connection = await openRaw(scene.local)
    opened.push(connection)
    connection.socket.pause()
    await connection.write(scene.request('GET', '/x/export'))
    expect(await settled(() => sent, 64 * MEGABYTE)).toBeLessThan(32 * MEGABYTE)
  })

  it('does not read its body faster than the gate', async () => {
    scene.gate.answer((_request, connection) => {
      connection.stopReading()
      return connection.whenClosed
    })
    const connection = await open(scene.request('POST', '/build', [`Content-Length: ${1024 * MEGABYTE}`]))
    await scene.gate.waitForHead(1)
    const chunk = Buffer.alloc(MEGABYTE)
    let sent = 0
    const pump = () => {
      while (!connection.socket.destroyed && sent < 64 * MEGABYTE) {
        sent += chunk.length
        if (!connection.socket.write(chunk)) return void connection.socket.once('drain', pump)
      }
    }
    pump()
    expect(await settled(() => sent, 64 * MEGABYTE)).toBeLessThan(32 * MEGABYTE)
  })

  it.each([
    ['tcp', '/exec/abc/start'],
    ['h2c', '/grpc'],
  ])(
    'that upgrades to %s becomes a tunnel with its token, what came behind its body first',
    async (protocol, target) => {
      scene.gate.answer(answers.hijackEcho(protocol))
      const body = '{"Tty":false}'
      const connection = await open(
        `${upgrade(target, protocol, ['Content-Type: application/json', `Content-Length: ${body.length}`])}${body}early`,
      )
      const answer = await connection.answer()
      expect([answer.status, answer.header('Upgrade'), answer.header('Content-Type')]).toEqual([
        101,
        protocol,
        'application/vnd.docker.raw-stream',
      ])
      await connection.write(' late')
      expect((await connection.tunnelled(10)).toString()).toBe('early late')
      const request = await scene.gate.waitForRequest(1)
      expect(request.body.toString()).toBe(body)
      expect(request.values('Authorization')).toEqual(['Bearer token-1'])
      expect(request.values('Upgrade')).toEqual([protocol])
    },
  )

  it('that upgrades to a WebSocket becomes a tunnel', async () => {
    scene.gate.answer(answers.hijackEcho('websocket'))
    const fields = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x', 'Sec-WebSocket-Version: 13']
    const connection = await open(scene.request('GET', '/containers/x/attach/ws', fields))
    expect((await connection.answer()).header('Upgrade')).toBe('websocket')
    await connection.write(Buffer.from([0x82, 0x01, 0x00]))
    expect(await connection.tunnelled(3)).toEqual(Buffer.from([0x82, 0x01, 0x00]))
    expect((await scene.gate.waitForRequest(1)).values('Sec-WebSocket-Key')).toEqual(['x'])
  })

  it('that upgrades and half-closes still gets all output', async () => {
    scene.gate.answer(async (request, connection) => {
      await request.whole
      connection.hijack()
      await connection.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
      await connection.whenEnded
      await connection.write(`all of ${connection.tunnelled}`)
      connection.end()
    })
    const connection = await open(upgrade('/exec/abc/start'))
    await connection.answer()
    await connection.write('input')
    connection.end()
    await connection.closed()
    expect(connection.received().toString()).toContain('all of input')
  })

  it('that upgrades sees the end of the gate, with the output before it', async () => {
    scene.gate.answer(answers.closeUnread('x'.repeat(100_000)))
    const connection = await open(upgrade('/exec/abc/start'))
    await connection.answer()
    expect(await connection.tunnelled(100_000)).toHaveLength(100_000)
    await connection.ended()
  })

  it('that upgrades keeps the output of a gate that closes with input unread', async () => {
    const output = 'x'.repeat(300_000)
    scene.gate.answer(answers.closeUnread(output))
    const connection = await openRaw(scene.local)
    opened.push(connection)
    // While the client does not read, the output waits on the way, and its input meets the gate's close.
    connection.socket.pause()
    await connection.write(upgrade('/exec/abc/start'))
    const writing = connection.write(Buffer.alloc(8 * MEGABYTE))
    await (await scene.gate.waitForRequest(1)).connection.waitForClose()
    await writing
    connection.socket.resume()
    await connection.answer()
    expect(await connection.tunnelled(output.length)).toHaveLength(output.length)
  })

  it('that upgraded is ended at the gate when the client goes away', async () => {
    scene.gate.answer(answers.hijackEcho())
    const connection = await open(upgrade('/exec/abc/start'))
    await connection.answer()
    connection.destroy()
    await scene.gate.requests[0]?.connection.waitForClose()
  })

  it.each([
    ['404 without a length', answers.missingWithoutLength(), 404, 'No such container'],
    ['409', answers.json(409, { message: 'not running' }), 409, 'not running'],
  ])(
    'that upgrades and is answered %s gets that answer, and nothing further reaches the gate',
    async (_, answer, status, text) => {
      scene.gate.answer(answer)
      const connection = await open(upgrade('/containers/x/attach'))
      const got = await connection.answer()
      expect([got.status, got.text()]).toEqual([status, expect.stringContaining(text)])
      await connection.write(scene.request('GET', '/second'))
      await connection.ended()
      expect(scene.gate.requests.map(({ target }) => target)).toEqual(['/containers/x/attach'])
    },
  )

  it('that upgrades behind one that is not answered yet ends the connection', async () => {
    scene.gate.answer(answers.silent())
    const connection = await open(scene.request('GET', '/events') + upgrade('/exec/abc/start'))
    await connection.ended()
    expect(scene.gate.requests.every(({ target }) => target === '/events')).toBe(true)
  })

  it.each(['plain', 'upgrade'] as const)(
    'to a gate that breaks off before its answer is answered 502 (%s)',
    async (how) => {
      scene.gate.answer(answers.broken())
      const bytes = how === 'plain' ? scene.request('POST', '/x') : upgrade('/exec/abc/start')
      const { answer } = await rawRequest(scene.local, bytes)
      expect([answer.status, answer.text()]).toEqual([502, expect.stringContaining('it broke the connection off')])
    },
  )

  it('to a gate that answers no HTTP is answered 502', async () => {
    scene.gate.answer(answers.bytes('SSH-2.0-OpenSSH_9.2\r\n', { end: true }))
    const { answer } = await rawRequest(scene.local, scene.request('POST', '/x'))
    expect([answer.status, answer.text()]).toEqual([502, expect.stringContaining('is not HTTP/1.1')])
  })

  it.each(['GET', 'HEAD'])(
    'of %s is sent once more when the gate had ended the connection that was kept',
    async (method) => {
      await rawRequest(scene.local, scene.request('GET', '/first'))
      const kept = scene.gate.requests[0]?.connection
      // The gate reads the request, and is gone: as if its end had crossed it on the way.
      scene.gate.answer((request, connection) => {
        if (connection === kept) connection.destroy()
        else return answers.json(200, {})(request, connection)
      })
      const { answer } = await rawRequest(scene.local, scene.request(method, '/second'), {
        bodiless: method === 'HEAD',
      })
      expect(answer.status).toBe(200)
      expect(scene.gate.requests.map(({ target }) => target)).toEqual(['/first', '/second', '/second'])
    },
  )

  it('of POST is never sent twice', async () => {
    await rawRequest(scene.local, scene.request('GET', '/first'))
    scene.gate.answer(answers.broken())
    const { answer } = await rawRequest(scene.local, scene.request('POST', '/second'))
    expect(answer.status).toBe(502)
    expect(scene.gate.requests.map(({ target }) => target)).toEqual(['/first', '/second'])
  })
})

describe('the local socket', () => {
  it.each([
    ['plain', []],
    ['upgrade', ['Connection: Upgrade', 'Upgrade: tcp']],
  ])('answers with why there is no token (%s), and asks nothing of the gate', async (_, fields) => {
    const scene = await startScene('unix')
    try {
      scene.token = new Error('--token-command ended with exit code 1: not logged in')
      const { answer } = await rawRequest(scene.local, scene.request('POST', '/exec/x/start', fields))
      expect([answer.status, answer.header('Content-Type')]).toEqual([502, 'application/json'])
      expect(answer.json()).toEqual({
        message: `dockgate connect: no token for the gate unix://${scene.gate.socketPath}: --token-command ended with exit code 1: not logged in`,
      })
      expect(scene.gate.connections).toHaveLength(0)
    } finally {
      await scene.close()
    }
  })

  it('passes on the Authorization of the client when a certificate alone says who calls', async () => {
    const scene = await startScene('tls', { tokens: false })
    try {
      await rawRequest(scene.local, scene.request('GET', '/info', ['Authorization: Bearer own']))
      expect((await scene.gate.waitForRequest(1)).values('Authorization')).toEqual(['Bearer own'])
    } finally {
      await scene.close()
    }
  })

  it('puts the token alone into the header that the listener names, and leaves Authorization to a proxy before it', async () => {
    const scene = await startScene('unix', { tokenHeader: 'X-Dockgate-Token' })
    try {
      const fields = ['Authorization: Basic eA==', 'x-dockgate-token: stale']
      await rawRequest(scene.local, scene.request('GET', '/info', fields))
      const request = await scene.gate.waitForRequest(1)
      expect([request.values('X-Dockgate-Token'), request.values('Authorization')]).toEqual([
        ['token-1'],
        ['Basic eA=='],
      ])
    } finally {
      await scene.close()
    }
  })

  it('ends every connection, tunnels too, when it is closed', async () => {
    const scene = await startScene('unix')
    try {
      scene.gate.answer(answers.hijackEcho())
      const tunnel = await openRaw(scene.local)
      await tunnel.write(scene.request('POST', '/exec/x/start', ['Connection: Upgrade', 'Upgrade: tcp']))
      await tunnel.answer()
      const idle = await openRaw(scene.local)
      scene.running.close()
      await Promise.all([tunnel.ended(), idle.ended(), scene.gate.waitForIdle()])
    } finally {
      await scene.close()
    }
  })
})

/** The value of `count` when it has stopped growing: nothing in this process moves it any more. */
async function settled(count: () => number, atMost: number): Promise<number> {
  let last = -1
  for (let still = 0; still < 300; still++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (count() !== last) still = 0
    last = count()
    if (last > atMost) break
  }
  return last
}
