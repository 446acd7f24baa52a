import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as answers from '../support/engine-answers.ts'
import { rawRequest } from '../support/raw-client.ts'
import { expectRefusal, recordId, type Scene, startScene } from './scene.ts'

describe('attacks on HTTP headers, queries and media types', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  it('T22 strips hop-by-hop headers and sets the framing itself', async () => {
    const headers = [
      'Connection: keep-alive, X-Named',
      'Keep-Alive: timeout=999',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic eDp5',
      'TE: trailers',
      'Trailer: X-T',
      'X-Named: 1',
      'Cookie: a=b',
      'X-Unknown: 1',
    ]
    const { status } = await scene.send('GET', '/info', { headers })
    expect(status).toBe(200)
    const [request] = await scene.reached()
    const allowed = ['host', 'connection', 'accept', 'accept-encoding', 'user-agent']
    for (const [name] of request?.headers ?? []) expect(allowed).toContain(name.toLowerCase())
    expect(request?.values('Connection').join().toLowerCase()).not.toContain('x-named')
  })

  it('T22 strips a header that Connection names, even one that the operation reads', async () => {
    const headers = ['Connection: X-Registry-Auth', 'X-Registry-Auth: e30=']
    await scene.send('POST', '/images/create?fromImage=a', { headers })
    for (const request of await scene.reached()) expect(request.values('X-Registry-Auth')).toEqual([])
  })

  it('T22 never shows the engine who asks: no Authorization, no token', async () => {
    await scene.send('GET', '/info', { headers: ['Proxy-Authorization: Bearer x'] })
    const [request] = await scene.reached()
    const text = request?.connection.received.toString('latin1') ?? ''
    expect(text.toLowerCase()).not.toContain('authorization')
    expect(text).not.toContain(scene.authorization('operator').slice(-40))
  })

  it.each([
    ['application/x-www-form-urlencoded', 'fromImage=evil&remote=http://evil'],
    ['application/x-www-form-urlencoded; charset=utf-8', 'filters={}'],
    ['APPLICATION/X-WWW-FORM-URLENCODED', 'name=evil'],
    ['multipart/form-data; boundary=x', '--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nevil\r\n--x--\r\n'],
    ['multipart/mixed', 'x'],
  ])('T26 refuses a form body as %s, whatever the operation takes', async (type, body) => {
    const headers = [`Content-Type: ${type}`]
    const targets = [
      ['/images/create?fromImage=a', 'content-type'],
      ['/images/load', 'content-type'],
      ['/build', 'content-type'],
      ['/containers/create', 'content-type'],
      ['/commit?container=x', 'content-type'],
      ['/containers/x/rename?name=y', 'body-unexpected'],
      ['/images/a/tag?repo=b', 'body-unexpected'],
      ['/containers/prune', 'body-unexpected'],
    ] as const
    for (const [target, reason] of targets) {
      expectRefusal(await scene.send('POST', target, { headers, body }), 'content-type', reason)
    }
    await scene.nothingReached()
  })

  it('T26 refuses a form body by chunks and without a body too', async () => {
    const type = 'Content-Type: application/x-www-form-urlencoded'
    const chunked = `${scene.request('POST', '/images/create?fromImage=a', { headers: [type, 'Transfer-Encoding: chunked'] })}3\r\na=b\r\n0\r\n\r\n`
    expectRefusal((await rawRequest(scene.tcp, chunked)).answer, 'content-type')
    await scene.send('POST', '/images/create?fromImage=a', { headers: [type] })
    for (const request of await scene.reached()) expect(request.values('Content-Type').join()).not.toContain('form')
  })

  it.each([
    ['/containers/json?all=0&all=1', 'query-repeated'],
    ['/containers/json?all=0&%61ll=1', 'query-repeated'],
    ['/containers/json?All=1', 'query-unknown'],
    ['/containers/json?ALL=1', 'query-unknown'],
    ['/containers/json?all=0;limit=1', 'query-malformed'],
    ['/containers/json?all=1;', 'query-malformed'],
    ['/containers/json?%00=1', 'query-malformed'],
    ['/containers/json?all=%00', 'query-malformed'],
    ['/containers/json?all=%', 'query-malformed'],
    ['/containers/json?all=%zz', 'query-malformed'],
    ['/containers/json?all=%ff', 'query-malformed'],
    ['/containers/json?nope=1', 'query-unknown'],
    ['/info?x=1', 'query-unknown'],
    ['/containers/json?=1', 'query-unknown'],
    ['/containers/json?all[]=1', 'query-unknown'],
    ['/containers/json??all=1', 'query-unknown'],
    ['/containers/json?%D0%B0ll=1', 'query-unknown'],
  ] as const)('T27 refuses the query of %s as %s', async (target, reason) => {
    const answer = await scene.send('GET', target)
    expectRefusal(answer, reason)
    expect(await scene.record(recordId(answer))).toMatchObject({ reason, decision: 'deny' })
    await scene.nothingReached()
  })

  it('T27 sends the query that was read, spelled anew', async () => {
    await scene.send('GET', '/containers/json?&%61ll=%31&&filters=%7b%22label%22%3a+%5b%22a%26b%3d%23%22%5d%7d&')
    expect(await scene.reachedLines()).toEqual([
      'GET /containers/json?all=1&filters=%7B%22label%22%3A%5B%22a%26b%3D%23%22%5D%7D',
    ])
  })

  it.each(['1', 'true', 'yes', 'off', 'nope', 'n', 'f', 'FALSEY', '00', '-', '%20x', '%EF%BB%BF'])(
    'T28 takes stdin=%s for true, as the engine does: attach needs exec then',
    async (value) => {
      const answer = await scene.send('POST', `/containers/x/attach?stream=1&stdin=${value}`, { role: 'viewer' })
      expectRefusal(answer, 'operation-not-allowed')
      await scene.nothingReached()
    },
  )

  it.each(['', '0', 'no', 'false', 'none', 'No', 'FALSE', '%20false%20', '%09none', '%C2%850'])(
    'T28 takes stdin=%s for false, as the engine does',
    async (value) => {
      scene.engine.answer(answers.rawStream('output'))
      const answer = await scene.send('POST', `/containers/x/attach?stream=1&stdin=${value}`, { role: 'viewer' })
      expect(answer.status).toBe(200)
      expect(await scene.reached()).toHaveLength(1)
    },
  )

  it('T29 sends an absent body as an absent body', async () => {
    await scene.send('POST', '/containers/create')
    await scene.send('POST', '/containers/create', { body: '' })
    await scene.send('POST', '/containers/x/start')
    for (const request of await scene.reached()) {
      expect(request.body).toHaveLength(0)
      expect([[], ['0']]).toContainEqual(request.values('Content-Length'))
      expect(request.values('Transfer-Encoding')).toEqual([])
    }
  })

  it.each([
    ['GET', '/info'],
    ['GET', '/containers/json'],
    ['DELETE', '/containers/x'],
    ['POST', '/containers/x/start'],
    ['HEAD', '/_ping'],
  ])('T29 refuses a body on %s %s, which takes none', async (method, target) => {
    const body = '{"HostConfig":{"Privileged":true}}'
    const chunked = `${scene.request(method, target, { headers: ['Transfer-Encoding: chunked'] })}22\r\n${body}\r\n0\r\n\r\n`
    for (const bytes of [scene.request(method, target, { body }), chunked]) {
      const { answer } = await rawRequest(scene.tcp, bytes, { bodiless: method === 'HEAD' })
      expect(answer.status).toBe(400)
    }
    await scene.nothingReached()
  })

  it.each(['/containers/x/kill', '/containers/x/rename?name=y', '/networks/prune'])(
    'T29 drops the JSON that some clients send where %s takes no body',
    async (target) => {
      const body = '{"HostConfig":{"Privileged":true}}'
      const chunked = `${scene.request('POST', target, { headers: ['Content-Type: application/json', 'Transfer-Encoding: chunked'] })}22\r\n${body}\r\n0\r\n\r\n`
      for (const bytes of [scene.request('POST', target, { body }), chunked]) {
        expect([200, 400]).toContain((await rawRequest(scene.tcp, bytes)).answer.status)
      }
      for (const request of await scene.reached()) {
        expect(request.connection.received.toString()).not.toContain('Privileged')
        expect(request.body).toHaveLength(0)
      }
    },
  )

  it('T33 forwards no forged identity or tracing headers, and echoes none', async () => {
    const names = [
      'X-Request-Id',
      'Request-Id',
      'traceparent',
      'tracestate',
      'X-Forwarded-For',
      'X-Forwarded-Proto',
      'X-Forwarded-Host',
      'X-Real-IP',
      'Forwarded',
      'Via',
      'X-Original-URL',
      'X-Rewrite-URL',
      'X-Remote-User',
      'X-Client-Cert',
      'True-Client-IP',
    ]
    const headers = names.map((name) => `${name}: forged-value`)
    const refused = await scene.send('GET', '/nothing', { headers })
    const allowed = await scene.send('GET', '/info', { headers })
    expectRefusal(refused, 'operation-unknown')
    for (const answer of [refused, allowed]) {
      expect(JSON.stringify(answer.headers) + answer.text()).not.toContain('forged-value')
    }
    const [request] = await scene.reached()
    expect(request?.connection.received.toString('latin1')).not.toContain('forged-value')
    const record = await scene.record(recordId(refused))
    expect(JSON.stringify(record)).not.toContain('forged-value')
    expect(record.remote).toMatch(/^127\.0\.0\.1:[0-9]+$/)
  })

  it.each([
    ['charset=utf-8', ['Content-Type: application/json; charset=utf-8'], 200],
    ['upper case', ['Content-Type: APPLICATION/JSON'], 200],
    ['text/plain', ['Content-Type: text/plain'], 415],
    ['text/json', ['Content-Type: text/json'], 415],
    ['application/json-patch+json', ['Content-Type: application/json-patch+json'], 415],
    ['application/jsonx', ['Content-Type: application/jsonx'], 415],
    ['no type but a parameter', ['Content-Type: ;application/json'], 200],
  ])('T36 reads the content type by the operation: %s', async (_, headers, status) => {
    const answer = await scene.send('POST', '/containers/create', { headers, body: '{}' })
    expect(answer.status).toBe(status)
    const requests = await scene.reached()
    expect(requests.map((request) => request.values('Content-Type'))).toEqual(
      status === 200 ? [['application/json']] : [],
    )
  })

  it('T36 takes no content type for the type that the operation has', async () => {
    const bytes = `${scene.request('POST', '/containers/create', { headers: ['Content-Length: 2'] })}{}`
    await rawRequest(scene.tcp, bytes)
    expect((await scene.reached()).map((request) => request.values('Content-Type'))).toEqual([['application/json']])
  })

  it('T36 refuses two Content-Types', async () => {
    const headers = ['Content-Type: application/json', 'content-type: application/x-www-form-urlencoded']
    const answer = await scene.send('POST', '/containers/create', { headers, body: '{}' })
    expectRefusal(answer, 'header-repeated')
    await scene.nothingReached()
  })

  it('T36 passes a tar untouched, whatever it is called', async () => {
    const body = 'not\x00parsed\xff{"a":'
    for (const type of ['application/x-tar', 'text/plain', 'application/octet-stream', 'application/json']) {
      await scene.send('PUT', '/containers/x/archive?path=/', { headers: [`Content-Type: ${type}`], body })
    }
    const requests = await scene.reached()
    expect(requests.map((request) => request.body.toString('latin1'))).toEqual([body, body, body, body])
  })

  it.each(['gzip', 'deflate', 'br', 'x-gzip', 'gzip, identity', 'identity, gzip', 'GZIP'])(
    'T37 refuses Content-Encoding: %s on JSON',
    async (encoding) => {
      const headers = ['Content-Type: application/json', `Content-Encoding: ${encoding}`]
      expectRefusal(await scene.send('POST', '/containers/create', { headers, body: '{}' }), 'content-encoding')
      await scene.nothingReached()
    },
  )

  it('T37 says 100 Continue only after the decision', async () => {
    const head = ['Content-Type: application/json', 'Content-Length: 2', 'Expect: 100-continue']
    const denied = await rawRequest(
      scene.tcp,
      scene.request('POST', '/containers/create', { role: 'reader', headers: head }),
    )
    expectRefusal(denied.answer, 'operation-not-allowed')
    expect(denied.answers.map(({ status }) => status)).toEqual([403])
    const nobody = await rawRequest(
      scene.tcp,
      scene.request('POST', '/containers/create', { role: null, headers: head }),
    )
    expectRefusal(nobody.answer, 'credentials-missing')
    expect(nobody.answers.map(({ status }) => status)).toEqual([401])
    await scene.nothingReached()
  })

  it.each([
    ['JSON', '/volumes/create', 'application/json', '{"Name":"cache"}'],
    ['a tar', '/images/load', 'application/x-tar', 'tar'],
  ])('T37 answers an allowed expectation, and does not pass it on: %s', async (_, target, type, body) => {
    const connection = await scene.open()
    const headers = [`Content-Type: ${type}`, `Content-Length: ${body.length}`, 'Expect: 100-continue']
    await connection.write(scene.request('POST', target, { headers }))
    expect((await connection.answer()).status).toBe(100)
    await connection.write(body)
    expect((await connection.answer()).status).toBe(200)
    connection.destroy()
    const [request] = await scene.reached()
    expect([request?.body.toString(), request?.values('Expect')]).toEqual([body, []])
  })

  it.each(['200-ok', '100-continue, x', '', 'x'])('T37 refuses the expectation %j', async (value) => {
    const headers = ['Content-Type: application/json', 'Content-Length: 2', `Expect: ${value}`]
    const exchange = await rawRequest(scene.tcp, `${scene.request('POST', '/containers/create', { headers })}{}`)
    expectRefusal(exchange.answer, 'expectation-unknown')
    expect(exchange.answers.map(({ status }) => status)).toEqual([417])
    await scene.nothingReached()
  })
})
