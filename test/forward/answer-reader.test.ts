import http from 'node:http'
import net from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAnswerHead } from '../../src/forward/answer-head.ts'
import { AnswerReader } from '../../src/forward/answer-reader.ts'

interface Told {
  readonly heads: (readonly [status: number, rawHeaders: readonly string[]])[]
  body: string
  ended: boolean
}

/** Reads bytes in pieces that end at the given places. */
function read(bytes: Buffer, places: readonly number[] = [], method = 'GET') {
  const told: Told = { heads: [], body: '', ended: false }
  const reader = new AnswerReader()
  reader.begin(method, {
    onHead: (status, rawHeaders) => void told.heads.push([status, rawHeaders]),
    onBody(buffer, from, to) {
      told.body += buffer.toString('latin1', from, to)
    },
    onEnd() {
      told.ended = true
    },
  })
  let used = 0
  let from = 0
  for (const to of [...places, bytes.length]) {
    if (to <= from) continue
    const piece = Buffer.from(bytes.subarray(from, to))
    used += reader.read(piece, piece.length)
    // What was told of is used up by now: whoever kept it would see this.
    piece.fill('!')
    from = to
  }
  return { ...told, used, reader }
}

const text = (...lines: string[]) => Buffer.from(lines.join('\r\n'), 'latin1')

describe('an answer', () => {
  it('ends after the bytes that Content-Length says, and what is behind it is not its own', () => {
    const { heads, body, ended, used, reader } = read(text('HTTP/1.1 200 OK', 'Content-Length: 2', '', 'OKHTTP'))
    expect({ heads, body, ended }).toEqual({ heads: [[200, ['Content-Length', '2']]], body: 'OK', ended: true })
    expect(used).toBe(text('HTTP/1.1 200 OK', 'Content-Length: 2', '', 'OK').length)
    expect(reader.keepsAlive).toBe(true)
  })

  it('is put together of chunks, whose trailer is dropped', () => {
    const chunked = [
      'HTTP/1.1 200 OK',
      'Transfer-Encoding: chunked',
      '',
      '3',
      'abc',
      'A',
      '0123456789',
      '0',
      'X: y',
      '',
      '',
    ]
    expect(read(text(...chunked))).toMatchObject({ body: 'abc0123456789', ended: true })
  })

  it('goes on to the end of the connection where nothing else is said', () => {
    const told = read(text('HTTP/1.1 200 OK', 'Server: x', '', 'ab'))
    expect(told).toMatchObject({ body: 'ab', ended: false })
    told.reader.end()
    expect(told.reader.isDone).toBe(true)
    expect(told.reader.keepsAlive).toBe(false)
  })

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK'],
    ['GET', 'HTTP/1.1 304 Not Modified'],
    ['GET', 'HTTP/1.1 204 No Content'],
  ])('has no body to %s when it begins with %s', (method, status) => {
    expect(read(text(status, 'Content-Length: 7', '', ''), [], method)).toMatchObject({ body: '', ended: true })
  })

  it('is told of without the interim ones before it', () => {
    const { heads } = read(text('HTTP/1.1 100 Continue', '', 'HTTP/1.1 200 OK', 'Content-Length: 0', '', ''))
    expect(heads).toEqual([[200, ['Content-Length', '0']]])
  })

  it('leaves no connection for another request where the engine says so', () => {
    expect(read(text('HTTP/1.1 200 OK', 'Connection: Close', 'Content-Length: 0', '', '')).reader.keepsAlive).toBe(
      false,
    )
    expect(read(text('HTTP/1.0 200 OK', 'Content-Length: 0', '', '')).reader.keepsAlive).toBe(false)
  })

  it('that breaks off is not complete', () => {
    const { reader, ended } = read(text('HTTP/1.1 200 OK', 'Content-Length: 3', '', 'ab'))
    expect(ended).toBe(false)
    expect(() => reader.end()).toThrow('ended before')
  })
})

describe('what is no answer', () => {
  it.each([
    ['no status line', 'SSH-2.0-x', ''],
    ['another protocol', 'HTTP/2.0 200 OK', ''],
    ['a status without three digits', 'HTTP/1.1 2000', ''],
    ['a status that is written otherwise', 'HTTP/1.1 2e2 OK', ''],
    ['a status that is none', 'HTTP/1.1 999 x', ''],
    ['an unasked upgrade', 'HTTP/1.1 101 Switching Protocols', ''],
    ['a folded line', 'HTTP/1.1 200 OK', 'A: b', ' c', ''],
    ['a field without a name', 'HTTP/1.1 200 OK', ': b', ''],
    ['a field without a colon', 'HTTP/1.1 200 OK', 'abc', 'd: e', ''],
    ['two lengths', 'HTTP/1.1 200 OK', 'Content-Length: 1', 'content-length: 1', ''],
    ['a length that is none', 'HTTP/1.1 200 OK', 'Content-Length: 1e3', ''],
    ['a length in a list', 'HTTP/1.1 200 OK', 'Content-Length: 1, 1', ''],
    ['length and chunks', 'HTTP/1.1 200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked', ''],
    ['another coding', 'HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked', ''],
    ['two codings', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked', ''],
    ['a chunk with an extension', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1;a=b', 'x'],
    ['a chunk without a size', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '', 'x'],
    ['a chunk of too many digits', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '00000000000001', 'x'],
    ['a chunk that goes on', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1', 'xy', '0', '', ''],
    ['a bare line feed behind a size', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1\nx'],
  ])('is refused: %s', (_what, ...lines) => {
    expect(() => read(text(...lines, ''))).toThrow()
  })

  it('is refused before it fills the memory', () => {
    expect(() => read(Buffer.alloc(1_100_000, 'HTTP/1.1 200 OK\r\nA: b'))).toThrow('too large')
    const trailer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n'
    expect(() => read(Buffer.from(trailer + 'A: b\r\n'.repeat(20_000)))).toThrow('too large')
  })
})

const token = fc
  .stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/)
  .filter(
    (name) =>
      !/^(content-length|transfer-encoding|connection|trailer|upgrade|keep-alive|proxy-connection)$/i.test(name),
  )
const value = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/)
const fields = fc.array(fc.tuple(token, value), { maxLength: 6 })
const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 })

const answer = fc
  .record({
    status: fc.integer({ min: 200, max: 599 }),
    fields,
    pieces,
    framing: fc.constantFrom('length', 'chunked', 'close'),
  })
  .map(({ status, fields, pieces, framing }) => {
    const body = Buffer.concat(pieces)
    const own =
      framing === 'length'
        ? [`Content-Length: ${body.length}`]
        : framing === 'chunked'
          ? ['Transfer-Encoding: chunked']
          : []
    const head = [
      `HTTP/1.1 ${status} Reason`,
      ...fields.map(([name, value]) => `${name}: ${value}`),
      ...own,
      '',
      '',
    ].join('\r\n')
    const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${Buffer.from(piece).toString('latin1')}\r\n`)
    const framed = framing === 'chunked' ? `${chunks.join('')}0\r\n\r\n` : body.toString('latin1')
    const none = status === 204 || status === 304
    return Buffer.from(head + (none ? '' : framed), 'latin1')
  })

describe('any answer', () => {
  it('is the same in whatever pieces it comes', () => {
    fc.assert(
      fc.property(answer, fc.array(fc.nat(400), { maxLength: 8 }), (bytes, places) => {
        const { reader: _whole, used: _used, ...whole } = read(bytes)
        const {
          reader: _pieces,
          used,
          ...pieces
        } = read(
          bytes,
          places.sort((a, b) => a - b).filter((at) => at < bytes.length),
        )
        expect(pieces).toEqual(whole)
        expect(used).toBe(bytes.length)
      }),
    )
  })

  it("is to this reader what it is to Node's", async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (bytes) => {
        const ours = read(bytes)
        if (!ours.ended) ours.reader.end()
        const theirs = await readByNode(bytes)
        expect({ heads: ours.heads, body: ours.body }).toEqual(theirs)
      }),
      { numRuns: 60 },
    )
  })
})

describe('any bytes', () => {
  it('are an answer or an error, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, begins) => {
        const all = begins ? Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n'), bytes]) : Buffer.from(bytes)
        try {
          expect(read(all).used).toBeLessThanOrEqual(all.length)
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
    )
  })

  it('of a head never come to both a length and chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('Content-Length: 3', 'Transfer-Encoding: chunked', 'A: b', 'Content-Length: 4')),
        (lines) => {
          const head = ['HTTP/1.1 200 OK', ...lines].join('\r\n')
          const framings = lines.filter((line) => line !== 'A: b')
          if (framings.length > 1) expect(() => readAnswerHead(head, 'GET')).toThrow()
          else expect(readAnswerHead(head, 'GET').rawHeaders).toHaveLength(2 * lines.length)
        },
      ),
    )
  })
})

/** What Node's own client makes of the bytes of an engine that answers with them and ends. */
async function readByNode(bytes: Buffer) {
  const server = net.createServer((socket) => socket.once('data', () => socket.end(bytes)).on('error', () => {}))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as net.AddressInfo
    return await new Promise((resolve, reject) => {
      http
        .get({ port, host: '127.0.0.1', agent: false }, (response) => {
          let body = ''
          response.setEncoding('latin1').on('data', (chunk: string) => {
            body += chunk
          })
          response.on('end', () => resolve({ heads: [[response.statusCode, response.rawHeaders]], body }))
        })
        .on('error', reject)
    })
  } finally {
    server.close()
  }
}
