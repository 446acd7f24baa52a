import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as answers from '../support/engine-answers.ts'
import { openRaw, type RawConnection, rawRequest } from '../support/raw-client.ts'
import { expectRefusal, recordId, type Scene, startScene } from './scene.ts'

describe('attacks by slowness, size and broken connections', () => {
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

  const open = async (bytes: string, where = scene.tcp) => {
    const connection = await openRaw(where)
    opened.push(connection)
    await connection.write(bytes)
    return connection
  }
  /** The value of `count` when it has stopped growing: nothing in this process moves it any more. */
  const settled = async (count: () => number, atMost: number) => {
    let last = -1
    for (let still = 0; still < 300; still++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (count() !== last) still = 0
      last = count()
      if (last > atMost) break
    }
    return last
  }

  it('T30 ends a connection whose request head comes too slowly', async () => {
    const connection = await open('GET /info HTTP/1.1\r\nHost: docker\r\nX-Slow: ', scene.tight)
    expectRefusal(await connection.answer(), 'headers-timeout')
    await connection.ended()
    await scene.nothingReached()
  })

  it('T30 ends a connection that says nothing', async () => {
    const connection = await open('', scene.tight)
    await connection.ended()
  })

  it.each([
    ['with a length', ['Content-Length: 100'], '{'],
    ['by chunks', ['Transfer-Encoding: chunked'], '1\r\n{\r\n'],
  ])('T30 ends a request whose JSON body comes too slowly, %s', async (_, lines, body) => {
    const headers = ['Content-Type: application/json', ...lines]
    const connection = await open(scene.request('POST', '/containers/create', { headers }) + body, scene.tight)
    expectRefusal(await connection.answer(), 'body-timeout')
    await scene.nothingReached()
  })

  it('T30 sets no deadline on the body of a stream', async () => {
    const headers = ['Content-Type: application/x-tar', 'Transfer-Encoding: chunked']
    const connection = await open(`${scene.request('POST', '/images/load', { headers })}3\r\none\r\n`, scene.tight)
    const slow = await open('', scene.tight)
    // Longer than the deadline of this listener, which ends the silent connection.
    await slow.ended()
    await connection.write('3\r\ntwo\r\n0\r\n\r\n')
    expect((await connection.answer()).status).toBe(200)
    expect((await scene.engine.waitForRequest(1)).body.toString()).toBe('onetwo')
  })

  it.each(['tcp', 'tls'] as const)('T30 holds the engine back while a client on %s does not read', async (kind) => {
    let sent = 0
    scene.engine.answer(
      answers.endless((bytes) => {
        sent = bytes
      }),
    )
    const connection = await openRaw(scene[kind])
    opened.push(connection)
    connection.socket.pause()
    await connection.write(scene.request('GET', '/containers/x/export'))
    await scene.engine.waitForRequest(1)
    const limit = 32 * 1024 * 1024
    expect(await settled(() => sent, limit)).toBeLessThan(limit)
    connection.destroy()
    await scene.engine.requests[0]?.connection.waitForClose()
  })

  it('T30 holds a client back while the engine does not read', async () => {
    scene.engine.answer((_request, connection) => {
      connection.stopReading()
      return connection.whenClosed
    })
    const headers = ['Content-Type: application/x-tar', 'Transfer-Encoding: chunked']
    const connection = await open(scene.request('POST', '/images/load', { headers }))
    const { socket } = connection
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')])
    const pump = () => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', pump)
    pump()
    const request = await scene.engine.waitForHead(1)
    const limit = 32 * 1024 * 1024
    expect(await settled(() => socket.bytesWritten, limit)).toBeLessThan(limit)
    socket.resetAndDestroy()
    request.connection.destroy()
  })

  it('T30 takes a bounded number of connections, and goes on when one is free', async () => {
    const first = await open('', scene.few)
    const second = await open(scene.request('GET', '/info'), scene.few)
    expect((await second.answer()).status).toBe(200)
    const third = await open(scene.request('GET', '/info'), scene.few)
    await third.ended()
    expect(third.received()).toHaveLength(0)
    first.end()
    await first.closed()
    expect((await rawRequest(scene.few, scene.request('GET', '/info'))).answer.status).toBe(200)
  })

  it('T31 hands the head on at once when the engine hangs behind it, and lets go with the client', async () => {
    scene.engine.answer(answers.hangAfterHead())
    const connection = await open(scene.request('POST', '/containers/x/wait'))
    await connection.tunnelled('HTTP/1.1 200 OK')
    const request = await scene.engine.waitForRequest(1)
    connection.destroy()
    await request.connection.waitForClose()
  })

  it('T31 lets the engine go when the client leaves before the head', async () => {
    scene.engine.answer(answers.silent())
    const connection = await open(
      scene.request('POST', '/build?remote=https://host.test/x', { headers: ['Content-Length: 0'] }),
    )
    const request = await scene.engine.waitForRequest(1)
    connection.destroy()
    await request.connection.waitForClose()
  })

  it('T31 lets the engine go when the client breaks off inside its body', async () => {
    const headers = ['Content-Type: application/x-tar', 'Content-Length: 1000']
    const connection = await open(`${scene.request('POST', '/images/load', { headers })}part`)
    const request = await scene.engine.waitForHead(1)
    connection.socket.resetAndDestroy()
    await request.connection.waitForClose()
    expect(request.complete).toBe(false)
  })

  it('T31 sends an early answer on when the engine closes without reading the body', async () => {
    scene.engine.answer(answers.earlyAnswer(403))
    const body = 'x'.repeat(3_000_000)
    const headers = ['Content-Type: application/x-tar', `Content-Length: ${body.length}`]
    const connection = await open(scene.request('POST', '/images/load', { headers }))
    for (let at = 0; at < body.length; at += 100_000) void connection.write(body.slice(at, at + 100_000))
    const answer = await connection.answer()
    expect([answer.status, answer.json()]).toEqual([403, { message: 'early' }])
  })

  it('T31 carries large answer heads, and refuses those beyond its bound', async () => {
    scene.engine.answer(answers.hugeHeaders(200_000))
    expect((await scene.send('GET', '/info')).header('X-Huge')).toHaveLength(200_000)
    scene.engine.answer(answers.hugeHeaders(3_000_000))
    expectRefusal(await scene.send('GET', '/info'), 'engine-broken')
    scene.engine.answer()
    expect((await scene.send('GET', '/info')).status).toBe(200)
  })

  it.each([
    ['closes without an answer', ''],
    ['closes inside the head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['sends no HTTP', 'garbage\r\n\r\n'],
    ['sends HTTP/2', '\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80'],
    [
      'frames its answer twice',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    ],
    ['gives two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    ['folds a header line', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
    ['switches protocols unasked', 'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'],
  ])('T31 answers 502 when the engine %s, and asks it once', async (_, sent) => {
    for (const [method, target] of [
      ['GET', '/info'],
      ['POST', '/containers/x/start'],
      ['DELETE', '/volumes/x'],
    ] as const) {
      scene.engine.reset()
      scene.engine.answer(answers.broken(sent))
      const answer = await scene.send(method, target)
      expectRefusal(answer, 'engine-broken')
      expect(await scene.record(recordId(answer))).toMatchObject({ reason: 'engine-broken', status: 502 })
      scene.engine.answer()
      expect(await scene.reachedLines()).toEqual([`${method} ${target}`])
    }
  })

  it.each([
    ['by chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'],
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart'],
  ])('T31 makes no complete answer of one that the engine broke off: %s', async (_, sent) => {
    scene.engine.answer(answers.broken(sent))
    const connection = await open(scene.request('GET', '/containers/x/export'))
    await expect(connection.answer()).rejects.toThrow('without a complete answer')
    expect(connection.received().toString()).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('T31 passes over interim answers of the engine', async () => {
    scene.engine.answer(
      answers.bytes('HTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'),
    )
    expect((await rawRequest(scene.tcp, scene.request('GET', '/info'))).answer.text()).toBe('{}')
  })

  it('T34 tells nothing of itself in refusals: no path, no stack, no token', async () => {
    const token = scene.authorization('operator').split(' ')[2] ?? ''
    const texts = [
      (await scene.send('GET', '/nothing')).text(),
      (await scene.send('GET', '/../x')).text(),
      (await scene.send('GET', '/info', { role: null, headers: [`Authorization: Bearer ${token}x`] })).text(),
      (await scene.send('GET', '/info', { role: null, headers: [`Authorization: Basic ${token}`] })).text(),
      (await scene.send('POST', '/containers/create', { role: 'reader', body: '{"Env":["SECRET=hunter2"]}' })).text(),
      (await rawRequest(scene.tcp, `garbage ${token}\r\n\r\n`)).answer.text(),
    ]
    scene.engine.answer(answers.broken())
    texts.push((await scene.send('GET', '/info')).text())
    for (const text of texts) {
      expect(text).toContain('(record ')
      for (const secret of [
        token,
        token.slice(-43),
        scene.engine.socketPath,
        'docker.sock',
        'node_modules',
        'hunter2',
        '    at ',
        '.ts:',
      ]) {
        expect(text).not.toContain(secret)
      }
    }
  })

  it('T34 tells nothing of the engine when it is away, and is back by itself', async () => {
    const other = await startScene()
    try {
      await other.engine.close()
      for (const headers of [[], ['Connection: Upgrade', 'Upgrade: tcp']]) {
        const { answer } = await rawRequest(
          other.tcp,
          other.request('POST', '/containers/x/attach?stream=1', { headers }),
        )
        expectRefusal(answer, 'engine-unreachable')
        expect(answer.text()).not.toContain(other.engine.socketPath)
        expect(answer.text()).not.toContain('ENOENT')
      }
    } finally {
      await other.close()
    }
  })

  it('T35 bounds the bytes of a request head', async () => {
    const answer = await rawRequest(
      scene.tight,
      scene.request('GET', '/info', { headers: [`X-A: ${'a'.repeat(9000)}`] }),
    )
    expectRefusal(answer.answer, 'headers-too-large')
    const large = await scene.send('GET', '/info', { headers: [`X-A: ${'a'.repeat(300_000)}`] })
    expectRefusal(large, 'headers-too-large')
    await scene.nothingReached()
  })

  it('T35 takes the large heads that builds have', async () => {
    const value = 'c'.repeat(200_000)
    const answer = await scene.send('POST', '/build', {
      headers: [`X-Registry-Config: ${value}`, 'Content-Type: application/x-tar'],
      body: 'tar',
    })
    expect(answer.status).toBe(200)
    expect((await scene.reached())[0]?.values('X-Registry-Config')).toEqual([value])
  })

  it('T35 bounds the number of header fields', async () => {
    const headers = Array.from({ length: 9 }, (_, i) => `X-${i}: 1`)
    expectRefusal(
      (await rawRequest(scene.tight, scene.request('GET', '/info', { headers }))).answer,
      'headers-too-many',
    )
    const many = Array.from({ length: 5000 }, (_, i) => `X${i}: 1`)
    expectRefusal(await scene.send('GET', '/info', { headers: many }), 'headers-too-many')
    const empty = Array.from({ length: 5000 }, () => 'A:')
    expectRefusal(await scene.send('GET', '/info', { headers: empty }), 'headers-too-many')
    await scene.nothingReached()
  })

  it('T35 bounds the length of a request target', async () => {
    const tight = scene.request('GET', `/containers/json?filters=${'a'.repeat(1024)}`)
    expectRefusal((await rawRequest(scene.tight, tight)).answer, 'target-too-long')
    expectRefusal(await scene.send('GET', `/containers/json?filters=${'a'.repeat(33_000)}`), 'target-too-long')
    await scene.nothingReached()
  })

  it('T35 bounds the bytes of a JSON body that has a length, before it is sent', async () => {
    const headers = ['Content-Type: application/json', `Content-Length: ${64 * 1024 * 1024}`]
    expectRefusal(
      (await rawRequest(scene.tcp, scene.request('POST', '/containers/create', { headers }))).answer,
      'body-too-large',
    )
    const upgrade = [...headers, 'Connection: Upgrade', 'Upgrade: tcp']
    const bytes = scene.request('POST', '/exec/x/start', { headers: upgrade })
    expectRefusal((await rawRequest(scene.tcp, bytes)).answer, 'body-too-large', 'operation-unknown')
    await scene.nothingReached()
  })

  it('T35 bounds the bytes of a JSON body that comes by chunks', async () => {
    const headers = ['Content-Type: application/json', 'Transfer-Encoding: chunked']
    const connection = await open(scene.request('POST', '/containers/create', { headers }))
    const chunk = `100000\r\n${' '.repeat(0x100000)}\r\n`
    for (let sent = 0; sent < 6; sent++) void connection.write(chunk)
    expectRefusal(await connection.answer(), 'body-too-large')
    await scene.nothingReached()
  })
})
