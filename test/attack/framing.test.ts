import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import * as answers from '../support/engine-answers.ts'
import { type RawAnswer, rawRequest } from '../support/raw-client.ts'
import { expectRefusal, type Scene, startScene } from './scene.ts'

describe('attacks on HTTP framing', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  /** A POST with a JSON body whose framing lines are the attacker's. */
  const framed = (lines: readonly string[], body: string, target = '/containers/create') =>
    `${scene.request('POST', target, { headers: ['Content-Type: application/json', ...lines] })}${body}`
  /** A second request, to be smuggled. */
  const smuggled = () => scene.request('DELETE', '/containers/smuggled')

  const refusedOnce = async (bytes: string | readonly string[]) => {
    const exchange = await rawRequest(scene.tcp, bytes, { until: 'close' })
    expectRefusal(exchange.answer, 'http-malformed', 'header-repeated')
    expect(exchange.answers.map(({ status }) => status)).toEqual([400])
    await scene.nothingReached()
  }

  it.each([
    ['Content-Length together with Transfer-Encoding', ['Content-Length: 2', 'Transfer-Encoding: chunked']],
    ['Transfer-Encoding together with Content-Length', ['Transfer-Encoding: chunked', 'Content-Length: 5']],
    ['two Content-Lengths that differ', ['Content-Length: 2', 'Content-Length: 60']],
    ['two Content-Lengths that agree', ['Content-Length: 2', 'Content-Length: 2']],
    ['a list of Content-Lengths', ['Content-Length: 2, 2']],
    ['a negative Content-Length', ['Content-Length: -1']],
    ['Content-Length: +2', ['Content-Length: +2']],
    ['a hexadecimal Content-Length', ['Content-Length: 0x2']],
    ['a Content-Length with a fraction', ['Content-Length: 2.0']],
    ['an empty Content-Length', ['Content-Length:']],
    ['a Content-Length beyond 64 bits', ['Content-Length: 36893488147419103234']],
    ['a space inside Content-Length', ['Content-Length: 2 0']],
    ['two Transfer-Encodings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['Transfer-Encoding: identity', ['Transfer-Encoding: identity']],
    ['Transfer-Encoding: gzip, chunked', ['Transfer-Encoding: gzip, chunked']],
    ['Transfer-Encoding: chunked, identity', ['Transfer-Encoding: chunked, identity']],
    ['chunked twice in one field', ['Transfer-Encoding: chunked, chunked']],
    ['Transfer-Encoding: xchunked', ['Transfer-Encoding: xchunked']],
    ['a vertical tab before chunked', ['Transfer-Encoding: \x0bchunked']],
    ['a quoted chunked', ['Transfer-Encoding: "chunked"']],
    ['a parameter on chunked', ['Transfer-Encoding: chunked;q=1']],
    ['a space before the colon', ['Transfer-Encoding : chunked']],
    ['an obsolete line fold', ['Transfer-Encoding:', ' chunked']],
    ['an obsolete line fold in another field', ['X-A: b', ' c', 'Content-Length: 2']],
    ['a field without a name', [': chunked', 'Content-Length: 2']],
    ['a line without a colon', ['Transfer-Encoding', 'Content-Length: 2']],
    ['a control character in a field name', ['X\x01A: b', 'Content-Length: 2']],
    ['a NUL in a field value', ['X-A: b\x00c', 'Content-Length: 2']],
    ['a bare CR in a field value', ['X-A: b\rContent-Length: 60', 'Content-Length: 2']],
    ['a bare LF in a field value', ['X-A: b\nTransfer-Encoding: chunked', 'Content-Length: 2']],
  ])('T20 refuses %s, and sends nothing to the engine', async (_, lines) => {
    await refusedOnce(framed(lines, `{}${smuggled()}`))
  })

  it.each([
    ['bare LF line ends', (text: string) => text.replaceAll('\r\n', '\n')],
    ['a bare LF behind the request line', (text: string) => text.replace('\r\n', '\n')],
    ['a bare LF at the end of the head', (text: string) => text.replace(/\r\n\r\n$/, '\r\n\n')],
    ['bare CR line ends', (text: string) => text.replaceAll('\r\n', '\r')],
    ['HTTP/0.9', (text: string) => text.replace(' HTTP/1.1', '')],
    ['HTTP/1.2', (text: string) => text.replace('HTTP/1.1', 'HTTP/1.2')],
    ['HTTP/2.0', (text: string) => text.replace('HTTP/1.1', 'HTTP/2.0')],
    ['HTTP/1.10', (text: string) => text.replace('HTTP/1.1', 'HTTP/1.10')],
    ['a lower-case protocol', (text: string) => text.replace('HTTP/1.1', 'http/1.1')],
    ['a third word in the request line', (text: string) => text.replace(' HTTP', ' x HTTP')],
    ['leading white space', (text: string) => ` ${text}`],
  ])('T20 refuses %s, and sends nothing to the engine', async (_, mangle) => {
    await refusedOnce(mangle(scene.request('GET', '/info')))
  })

  it('T20 closes behind HTTP/1.0 with a body by chunks (RFC 9112 section 6.1), and judges nothing that follows', async () => {
    const bytes = framed(['Transfer-Encoding: chunked'], `2\r\n{}\r\n0\r\n\r\n${smuggled()}`)
    const exchange = await rawRequest(scene.tcp, bytes.replace('HTTP/1.1', 'HTTP/1.0'), { until: 'close' })
    expect(exchange.answers).toHaveLength(1)
    expect((await scene.reachedLines()).filter((line) => line !== 'POST /containers/create')).toEqual([])
  })

  it('T20 forwards its own request line, however many spaces the client wrote', async () => {
    const bytes = scene.request('GET', '/info').replace(' HTTP', '   HTTP')
    expect([200, 400]).toContain((await rawRequest(scene.tcp, bytes)).answer.status)
    for (const { method, target } of await scene.reached()) expect([method, target]).toEqual(['GET', '/info'])
  })

  it.each([
    ['no number', 'x\r\n{}\r\n0\r\n\r\n'],
    ['a negative number', '-2\r\n{}\r\n0\r\n\r\n'],
    ['a hexadecimal prefix', '0x2\r\n{}\r\n0\r\n\r\n'],
    ['more than 64 bits', 'FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n'],
    ['a number that overflows to 2', '10000000000000002\r\n{}\r\n0\r\n\r\n'],
    ['less than the data', '1\r\n{}\r\n0\r\n\r\n'],
    ['a bare LF behind the size', '2\n{}\r\n0\r\n\r\n'],
    ['a bare LF behind the data', '2\r\n{}\n0\r\n\r\n'],
    ['a bare CR behind the size', '2\r{}\r\n0\r\n\r\n'],
    ['a space before the size', ' 2\r\n{}\r\n0\r\n\r\n'],
    ['no size', '\r\n{}\r\n0\r\n\r\n'],
    ['a bare LF in an extension', '2;a\nb\r\n{}\r\n0\r\n\r\n'],
  ])('T20 refuses a chunk size that is %s, and sends nothing to the engine', async (_, body) => {
    await refusedOnce(framed(['Transfer-Encoding: chunked'], body))
  })

  it('T20 frames anew: chunk extensions and trailer fields do not reach the engine', async () => {
    const body = '1;name=value;x="y"\r\n{\r\n1\r\n}\r\n0;last\r\nX-Trailer: 1\r\nTransfer-Encoding: chunked\r\n\r\n'
    const { answer } = await rawRequest(scene.tcp, framed(['Transfer-Encoding: chunked', 'Trailer: X-Trailer'], body))
    const requests = await scene.reached()
    if (answer.status === 200) {
      expect(requests.map(({ body: bytes }) => bytes.toString())).toEqual(['{}'])
      expect(requests[0]?.connection.malformed).toBeNull()
      const text = requests[0]?.connection.received.toString('latin1') ?? ''
      for (const word of ['name=value', 'last', 'X-Trailer']) expect(text).not.toContain(word)
    } else {
      expectRefusal(answer, 'http-malformed')
      expect(requests).toEqual([])
    }
  })

  it('T20 takes bytes behind a body for the next request, and judges it by itself', async () => {
    const first = scene.request('POST', '/containers/create', { role: 'maker', body: '{}' })
    const second = scene.request('DELETE', '/containers/x', { role: 'maker' })
    const exchange = await rawRequest(scene.tcp, first + second, { until: 2 })
    expect(exchange.answers.map(({ status }) => status)).toEqual([200, 403])
    expect(await scene.reachedLines()).toEqual(['POST /containers/create'])
  })

  it('T20 answers pipelined requests in their order, each with its own answer', async () => {
    scene.engine.answer((request, connection) =>
      answers.json(200, { target: request.target, body: request.body.toString() })(request, connection),
    )
    const pipeline = [
      scene.request('GET', '/info'),
      scene.request('POST', '/volumes/create', { body: '{"Name":"one"}' }),
      scene.request('GET', '/version'),
    ]
    const exchange = await rawRequest(scene.tcp, pipeline.join(''), { until: 3 })
    const targets = exchange.answers.map((answer) => (answer.json() as { target: string }).target)
    expect(targets).toEqual(['/info', '/volumes/create', '/version'])
  })

  it.each([
    ['garbage', 'xxxxxx\r\n\r\n', 'http-malformed'],
    ['a request without a token', 'GET /info HTTP/1.1\r\nHost: x\r\n\r\n', 'credentials-missing'],
  ] as const)('T20 lets no trailing bytes through: %s behind a good request', async (_, trailing, reason) => {
    const bytes = scene.request('POST', '/containers/create', { body: '{}' }) + trailing
    const exchange = await rawRequest(scene.tcp, bytes, { until: 2 })
    expect(exchange.answers[0]?.status).toBe(200)
    expectRefusal(exchange.answers[1] as RawAnswer, reason)
    expect(await scene.reachedLines()).toEqual(['POST /containers/create'])
  })

  it('T20 records a request that the engine carried out as allowed, whatever garbage follows it', async () => {
    const exchange = await rawRequest(
      scene.tcp,
      `${scene.request('DELETE', '/containers/carried-out')}garbage\r\n\r\n`,
      {
        until: 'close',
      },
    )
    expect(exchange.answers.length).toBeGreaterThan(0)
    expect(await scene.reachedLines()).toEqual(['DELETE /containers/carried-out'])
    const own = await vi.waitFor(() => {
      const line = scene.recordLines().find((text) => text.includes('carried-out'))
      if (line === undefined) throw new Error('no record of ContainerDelete')
      return JSON.parse(line)
    })
    expect(own).toMatchObject({ operation: 'ContainerDelete', decision: 'allow' })
  })

  it('T20 takes a request inside a refused body for a body', async () => {
    const inner = smuggled()
    const outer = scene.request('GET', '/info', { headers: [`Content-Length: ${inner.length}`] }) + inner
    const exchange = await rawRequest(scene.tcp, outer)
    expectRefusal(exchange.answer, 'body-unexpected')
    await scene.nothingReached()
    expect(exchange.answers).toHaveLength(1)
  })

  it('T20 sends the body once and whole when it comes byte by byte', async () => {
    const text = scene.request('POST', '/containers/create', { body: '{"Image":"a"}' })
    const pieces = [text.slice(0, 7), text.slice(7, 40), text.slice(40, -9), ...text.slice(-9)]
    expect((await rawRequest(scene.tcp, pieces)).answer.status).toBe(200)
    const requests = await scene.reached()
    expect(requests.map(({ body }) => body.toString())).toEqual(['{"Image":"a","HostConfig":{}}'])
  })
})
