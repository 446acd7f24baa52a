import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import net from 'node:net'
import { expect, it } from 'vitest'
import { checkHead } from '../../src/listen/head.ts'
import { Refusal } from '../../src/refusal.ts'

const limits = {
  connections: 10,
  headerBytes: 65_536,
  headerCount: 20,
  targetBytes: 100,
  headersTimeout: 10_000,
  bodyTimeout: 10_000,
}

/** Sends bytes through Node's own parser and judges the head that comes out. */
async function judged(bytes: string): Promise<ReturnType<typeof checkHead> | string> {
  const server = http.createServer().listen(0, '127.0.0.1')
  server.maxHeadersCount = 0
  const answer = (request: IncomingMessage) => {
    try {
      return checkHead(request, request.url ?? '', limits)
    } catch (error) {
      return error instanceof Refusal ? error.reason : String(error)
    }
  }
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  try {
    await once(server, 'listening')
    const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(bytes)
    const outcome = await Promise.race([
      once(server, 'request').then(([request]) => answer(request as IncomingMessage)),
      once(server, 'clientError').then(([error]) => (error as NodeJS.ErrnoException).code ?? 'error'),
    ])
    socket.destroy()
    return outcome
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`

it('reads the length of a body', async () => {
  expect(await judged(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 12'))).toEqual({ present: true, length: 12 })
  expect(await judged(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 0'))).toEqual({ present: false, length: 0 })
  expect(await judged(head('GET / HTTP/1.1', 'Host: a'))).toEqual({ present: false, length: 0 })
})

it('reads a chunked body as one of unknown length', async () => {
  expect(await judged(head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'))).toEqual({
    present: true,
    length: null,
  })
})

it('T35 refuses more header fields than the listener takes, where Node would drop them silently', async () => {
  const many = Array.from({ length: 30 }, (_, i) => `X-${i}: 1`)
  expect(await judged(head('GET / HTTP/1.1', 'Host: a', ...many))).toBe('headers-too-many')
})

it('T35 refuses a target longer than the listener takes', async () => {
  expect(await judged(head(`GET /${'a'.repeat(200)} HTTP/1.1`, 'Host: a'))).toBe('target-too-long')
})

it.each(['Host: b', 'Content-Type: text/plain\r\nContent-Type: application/json'])(
  'T20 refuses a repeated field (%s)',
  async (line) => {
    expect(await judged(head('POST / HTTP/1.1', 'Host: a', line))).toBe('header-repeated')
  },
)

it('T20 refuses a transfer coding other than chunked', async () => {
  expect(await judged(head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: gzip, chunked'))).toBe('http-malformed')
})

it('refuses an expectation that it cannot meet', async () => {
  expect(await judged(head('POST / HTTP/1.1', 'Host: a', 'Expect: tea'))).toBe('expectation-unknown')
})
