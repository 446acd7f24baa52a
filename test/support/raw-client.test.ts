import net from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRaw, parseAnswer, rawRequest } from './raw-client.ts'

describe('the raw client', () => {
  let server: net.Server
  let received: Buffer
  let reply: (socket: net.Socket) => void
  const endpoint = () => ({ host: '127.0.0.1', port: (server.address() as net.AddressInfo).port })

  beforeEach(async () => {
    received = Buffer.alloc(0)
    reply = () => {}
    server = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk])
      })
      reply(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => new Promise((resolve) => void server.close(resolve)))

  it('returns several answers of one connection, interim ones among them', async () => {
    reply = (socket) =>
      socket.end(
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No\r\n\r\n',
      )
    const exchange = await rawRequest(endpoint(), 'x', { until: 'close' })
    expect(exchange.answers.map(({ status }) => status)).toEqual([100, 200, 204])
    expect(exchange.answer.text()).toBe('ok')
    expect(exchange.answer.values('A')).toEqual(['1', '2'])
    expect(() => exchange.answer.header('a')).toThrow('a appears 2 times')
    expect(exchange.ended).toBe(true)
  })

  it('reads chunked bodies, and bodies that end with the connection', async () => {
    reply = (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n')
    expect((await rawRequest(endpoint(), 'x')).answer.text()).toBe('ok')
    reply = (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end')
    expect((await rawRequest(endpoint(), 'x')).answer.text()).toBe('until the end')
  })

  it('writes every byte as given, piece by piece', async () => {
    reply = (socket) => void socket.once('data', () => socket.end())
    await rawRequest(endpoint(), ['\x00\xff', Buffer.from([0xfe])], { until: 'close' })
    expect([...received.subarray(0, 2)]).toEqual([0x00, 0xff])
  })

  it('fails with what it received when the answer does not come', async () => {
    reply = (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab')
    await expect(rawRequest(endpoint(), 'x', { timeoutMs: 50 })).rejects.toThrow(
      /not within 50 ms: a complete answer.*ab/,
    )
    reply = (socket) => socket.end()
    await expect(rawRequest(endpoint(), 'x')).rejects.toThrow('ended without a complete answer')
  })

  it.each([
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na'],
    ['a field name with a space', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n'],
  ])('refuses an answer with %s', (_, bytes) => {
    expect(() => parseAnswer(Buffer.from(bytes))).toThrow()
  })

  it('reports the end of the other side', async () => {
    reply = (socket) => socket.destroy()
    const connection = await openRaw(endpoint())
    await connection.ended()
    expect(connection.isEnded).toBe(true)
  })
})
