import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as answers from './engine-answers.ts'
import { openRaw, rawRequest } from './raw-client.ts'
import { type RecordingEngine, startRecordingEngine } from './recording-engine.ts'

describe('the recording engine', () => {
  let engine: RecordingEngine
  const endpoint = () => ({ path: engine.socketPath })

  beforeEach(async () => {
    engine = await startRecordingEngine()
  })
  afterEach(() => engine.close())

  it('records a request as it was sent, and answers 200 {}', async () => {
    const bytes = 'POST /a?b=%63 HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nx-twice: 2\r\nContent-Length: 3\r\n\r\nabc'
    const { answer } = await rawRequest(endpoint(), bytes)
    expect(answer.json()).toEqual({})
    const request = await engine.waitForRequest(1)
    expect(request).toMatchObject({ method: 'POST', target: '/a?b=%63', complete: true })
    expect(request.values('X-TWICE')).toEqual(['1', '2'])
    expect(request.body.toString()).toBe('abc')
    expect(request.connection.received.toString()).toBe(bytes)
    expect(engine.bytesReceived).toBe(bytes.length)
  })

  it('reads a chunked body that comes in pieces', async () => {
    const pieces = [
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r',
      '\nabc\r\n1',
      '0\r\n0123456789abcdef\r\n0\r\n',
      '\r\n',
    ]
    await rawRequest(endpoint(), pieces)
    expect(engine.requests[0]?.body.toString()).toBe('abc0123456789abcdef')
  })

  it('records pipelined requests one after the other', async () => {
    const { answers: got } = await rawRequest(endpoint(), 'GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n', {
      until: 2,
    })
    expect(got).toHaveLength(2)
    expect(engine.requests.map(({ target }) => target)).toEqual(['/1', '/2'])
  })

  it.each([
    ['a bare LF', 'GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na'],
    ['a length beside chunked', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a chunk extension', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n0\r\n\r\n'],
    ['folded lines', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n'],
    ['a space in the target', 'GET /a b HTTP/1.1\r\n\r\n'],
    ['garbage', '\x00\x01\r\n\r\n'],
  ])('calls %s malformed and still has the bytes', async (_, bytes) => {
    const connection = await openRaw(endpoint())
    await connection.write(bytes)
    connection.end()
    await engine.connections[0]?.waitForEnd()
    expect(engine.connections[0]?.malformed).not.toBeNull()
    expect(engine.connections[0]?.received.toString('latin1')).toBe(bytes)
    connection.destroy()
  })

  it('hijacks with 101 and echoes in both directions, half-close included', async () => {
    engine.answer(answers.hijackEcho())
    const connection = await openRaw(endpoint())
    await connection.write('POST /x HTTP/1.1\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}more')
    expect((await connection.answer()).statusLine).toBe('HTTP/1.1 101 UPGRADED')
    await connection.tunnelled('more')
    connection.end()
    await connection.closed()
    expect(engine.connections[0]?.tunnelled.toString()).toBe('more')
    expect(engine.requests[0]?.body.toString()).toBe('{}')
  })

  it('answers early, without reading the body', async () => {
    engine.answer(answers.earlyAnswer(413))
    const connection = await openRaw(endpoint())
    await connection.write('POST /x HTTP/1.1\r\nContent-Length: 1000\r\n\r\n')
    expect((await connection.answer()).status).toBe(413)
    await connection.ended()
    connection.destroy()
    expect(engine.requests[0]?.complete).toBe(false)
  })

  it('streams without end, held back by a reader that does not read', async () => {
    let sent = 0
    engine.answer(
      answers.endless((bytes) => {
        sent = bytes
      }),
    )
    const connection = await openRaw(endpoint())
    await connection.write('GET /x HTTP/1.1\r\n\r\n')
    await connection.tunnelled(1_000_000)
    connection.destroy()
    await engine.waitForIdle()
    expect(sent).toBeLessThan(10_000_000)
  })

  it.each([
    ['a 404 without length', answers.missingWithoutLength(), 404, '{"message":"No such container: x"}\n'],
    ['a raw stream', answers.rawStream('hello'), 200, 'hello'],
    ['huge headers', answers.hugeHeaders(100_000), 200, '{}'],
  ])('answers with %s', async (_, answer, status, body) => {
    engine.answer(answer)
    const exchange = await rawRequest(endpoint(), 'GET /x HTTP/1.1\r\n\r\n')
    expect([exchange.answer.status, exchange.answer.text()]).toEqual([status, body])
  })

  it('forgets on reset, and removes its folder on close', async () => {
    await rawRequest(endpoint(), 'GET /x HTTP/1.1\r\n\r\n')
    engine.reset()
    expect([engine.requests.length, engine.connections.length, engine.bytesReceived]).toEqual([0, 0, 0])
    await engine.close()
    expect(existsSync(engine.socketPath)).toBe(false)
  })
})
