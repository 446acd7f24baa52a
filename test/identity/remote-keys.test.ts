import { once } from 'node:events'
import http, { type RequestListener, type Server } from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Authenticator, createAuthenticator } from '../../src/identity/authenticate.ts'
import { makeTestCertificate } from '../support/certificates.ts'
import {
  bearer,
  createClock,
  createFiles,
  createSigner,
  jwtIssuer,
  refusalOf,
  type Signer,
  type TestClock,
} from './fixture.ts'

const MINUTE = 60_000

const files = createFiles()
afterAll(() => files.remove())

const authority = makeTestCertificate({ subject: [{ CN: 'keys CA' }], ca: true })
const usages = ['1.3.6.1.5.5.7.3.1']
const own = makeTestCertificate({ subject: [{ CN: 'keys' }], issuer: authority, dns: ['localhost'], usages })
const ca = files.write('ca.pem', authority.certificate)

/** A JWKS server whose answer a test can change while it runs. */
async function startKeyServer(secure = false) {
  const state = {
    requests: [] as string[],
    answer: ((_, response) => response.writeHead(500).end()) as RequestListener,
  }
  const listener: RequestListener = (request, response) => {
    state.requests.push(request.url ?? '')
    state.answer(request, response)
  }
  const server: Server = secure
    ? https.createServer({ cert: own.certificate, key: own.key }, listener)
    : http.createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const url = secure ? `https://localhost:${port}` : `http://127.0.0.1:${port}`
  const json = (value: unknown) => (state.answer = (_, response) => response.end(JSON.stringify(value)))
  const close = async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return { state, url, json, keys: (...signers: Signer[]) => json({ keys: signers.map(({ jwk }) => jwk) }), close }
}

/** A proxy that only knows CONNECT, and what it was asked to connect to. */
async function startProxy(secure = false) {
  const asked: string[] = []
  const sockets = new Set<net.Socket>()
  const refuse: RequestListener = (_, response) => response.writeHead(405).end()
  const server: Server = secure
    ? https.createServer({ cert: own.certificate, key: own.key }, refuse)
    : http.createServer(refuse)
  server.on('connect', (request, client: net.Socket) => {
    asked.push(request.url ?? '')
    const upstream = net.connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  const { port } = server.address() as AddressInfo
  return { asked, url: secure ? `https://localhost:${port}` : `http://127.0.0.1:${port}`, close }
}

let server: Awaited<ReturnType<typeof startKeyServer>>
let one: Signer
let two: Signer
let clock: TestClock
const warnings: string[] = []
const authenticators: Authenticator[] = []

beforeAll(async () => {
  one = await createSigner('ES256', 'one')
  two = await createSigner('ES256', 'two')
})
beforeEach(async () => {
  warnings.length = 0
  clock = createClock()
  server = await startKeyServer()
})
afterEach(async () => {
  for (const authenticator of authenticators.splice(0)) authenticator.close()
  await server.close()
})

async function create(settings: Readonly<Record<string, unknown>>): Promise<Authenticator> {
  const options = { now: clock.now, after: clock.after, warn: (message: string) => warnings.push(message) }
  const authenticator = await createAuthenticator({ remote: jwtIssuer(settings) }, options)
  authenticators.push(authenticator)
  return authenticator
}

const remote = (settings = {}) => create({ jwksUri: `${server.url}/jwks`, ...settings })
const later = () => clock.now() / 1000 + 86_400
const subjectOf = async (authenticator: Authenticator, signer: Signer, claims = {}) =>
  (await authenticator.authenticate(bearer(await signer.sign({ exp: later(), ...claims })))).subject
const reasonOf = async (authenticator: Authenticator, signer: Signer, claims = {}) =>
  (await refusalOf(authenticator, await signer.sign({ exp: later(), ...claims }))).reason

describe('T123 remote keys', () => {
  it('are fetched once for many tokens', async () => {
    server.keys(one)
    const authenticator = await remote()
    await Promise.all(Array.from({ length: 50 }, (_, index) => subjectOf(authenticator, one, { jti: String(index) })))
    expect(server.state.requests).toEqual(['/jwks'])
  })

  it('follow a rotation: the new key is found by its id after the cool-down', async () => {
    server.keys(one)
    const authenticator = await remote()
    await subjectOf(authenticator, one)
    server.keys(one, two)
    expect(await reasonOf(authenticator, two)).toBe('token-key-unknown')
    await clock.pass(30_000)
    expect(await subjectOf(authenticator, two)).toBe('ci')
  })

  it('that change verify again what they have verified, so that a key that went away ends its tokens', async () => {
    server.keys(one, two)
    const authenticator = await remote()
    const token = await one.sign({ exp: later() })
    const principal = await authenticator.authenticate(bearer(token))
    await clock.pass(9 * MINUTE)
    expect(authenticator.authenticate(bearer(token))).toBe(principal)
    server.keys(two, one)
    await clock.pass(9 * MINUTE)
    expect(await authenticator.authenticate(bearer(token))).not.toBe(principal)
    server.keys(two)
    await clock.pass(9 * MINUTE)
    expect((await refusalOf(authenticator, token)).reason).toBe('token-key-unknown')
  })

  it('are not fetched again and again for unknown key ids', async () => {
    server.keys(one)
    const authenticator = await remote()
    await subjectOf(authenticator, one)
    const attacker = await createSigner('ES256')
    const flood = () =>
      Promise.all(
        Array.from({ length: 100 }, async () =>
          refusalOf(authenticator, await attacker.sign({}, { kid: crypto.randomUUID() })),
        ),
      )
    await flood()
    expect(server.state.requests.length).toBe(1)
    await clock.pass(30_000)
    expect(new Set((await flood()).map(({ reason }) => reason))).toEqual(new Set(['token-key-unknown']))
    expect(server.state.requests.length).toBe(2)
  })

  it('that cannot be had are tried again after five seconds, also for a request', async () => {
    const authenticator = await remote()
    expect(await reasonOf(authenticator, one)).toBe('issuer-unavailable')
    server.keys(one)
    expect(await reasonOf(authenticator, one)).toBe('issuer-unavailable')
    expect(server.state.requests.length).toBe(1)
    clock.sleep(5_000)
    expect(await subjectOf(authenticator, one)).toBe('ci')
    expect(warnings).toEqual([
      `issuers.remote.jwt: the issuer's keys cannot be had: ${server.url}/jwks answers with status 500; its tokens are refused until they can`,
      "issuers.remote.jwt: the issuer's keys can be had again",
    ])
  })

  it('of which a fetch for an unknown id fails go on to verify known ids', async () => {
    server.keys(one)
    const authenticator = await remote()
    await subjectOf(authenticator, one)
    server.state.answer = (_, response) => response.destroy()
    clock.sleep(30_000)
    expect(await reasonOf(authenticator, two)).toBe('issuer-unavailable')
    expect(await reasonOf(authenticator, two, { jti: 'another' })).toBe('issuer-unavailable')
    expect(server.state.requests.length).toBe(2)
    expect(await subjectOf(authenticator, one, { jti: 'new' })).toBe('ci')
  })

  it('of a clock that was set back are fetched all the same', async () => {
    const authenticator = await remote()
    expect(await reasonOf(authenticator, one)).toBe('issuer-unavailable')
    server.keys(one)
    clock.sleep(-MINUTE)
    expect(await subjectOf(authenticator, one, { iat: clock.now() / 1000 })).toBe('ci')
  })

  it.each<[string, RequestListener, string]>([
    [
      'redirect',
      (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      'redirects are not followed',
    ],
    ['are huge', (_, response) => response.end(`{"keys":[],"padding":"${'x'.repeat(600_000)}"}`), 'more than 512 KiB'],
    ['are no JSON', (_, response) => response.end('<html>'), 'no JSON object'],
    ['are no key set', (_, response) => response.end('{"keys":{}}'), 'no JWK Set'],
    ['are a set of other things', (_, response) => response.end('{"keys":[1]}'), 'no JWK Set'],
    ['are no UTF-8', (_, response) => response.end(Buffer.from([0x22, 0xff, 0x22])), 'not valid'],
    [
      'are compressed unasked',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.from([0x1f, 0x8b, 8])),
      'not valid',
    ],
    [
      'end too early',
      (_, response) => response.writeHead(200).write('{', () => response.destroy()),
      'Invalid EOF state',
    ],
  ])('that %s cannot be had', async (_, answer, why) => {
    server.state.answer = answer
    const authenticator = await remote()
    expect(await reasonOf(authenticator, one)).toBe('issuer-unavailable')
    expect(await reasonOf(authenticator, one, { jti: 'another' })).toBe('issuer-unavailable')
    expect(warnings.join()).toContain(why)
    expect(server.state.requests).toEqual(['/jwks'])
  })

  it('of a host that does not answer do not keep the gate from starting', async () => {
    const closed = await startKeyServer()
    await closed.close()
    const authenticator = await create({ jwksUri: `${closed.url}/jwks` })
    const refused = await refusalOf(authenticator, await one.sign())
    expect([refused.reason, refused.status]).toEqual(['issuer-unavailable', 503])
    expect(refused.message).not.toContain(closed.url)
    expect(warnings.join()).toContain('ECONNREFUSED')
  })

  it('are not fetched any more when the gate closes, and nobody is told of it', async () => {
    let asked = () => {}
    const came = new Promise<void>((resolve) => {
      asked = resolve
    })
    server.state.answer = () => asked()
    const authenticator = await remote()
    await came
    authenticator.close()
    await clock.pass(60 * MINUTE)
    expect(server.state.requests).toEqual(['/jwks'])
    expect(warnings).toEqual([])
  })
})

describe('keys that are found by discovery', () => {
  const discovered = () => create({ issuer: server.url })
  const serve = (document: unknown) => {
    server.state.answer = (request, response) => {
      const answer = request.url === '/.well-known/openid-configuration' ? document : { keys: [one.jwk] }
      response.end(JSON.stringify(answer))
    }
  }

  it('come from the jwks_uri of the document', async () => {
    serve({ issuer: server.url, jwks_uri: `${server.url}/jwks` })
    expect(await subjectOf(await discovered(), one, { iss: server.url })).toBe('ci')
    expect(server.state.requests).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  it('are looked for below an issuer with a slash at its end, which stays in the comparison', async () => {
    const issuer = `${server.url}/realm/`
    server.state.answer = (request, response) => {
      const document = { issuer, jwks_uri: `${server.url}/jwks` }
      response.end(
        JSON.stringify(request.url === '/realm/.well-known/openid-configuration' ? document : { keys: [one.jwk] }),
      )
    }
    expect(await subjectOf(await create({ issuer }), one, { iss: issuer })).toBe('ci')
  })

  it('do not lead from an issuer over TLS to a port of this machine', async () => {
    const secure = await startKeyServer(true)
    secure.json({ issuer: secure.url, jwks_uri: `${server.url}/jwks` })
    server.keys(one)
    const authenticator = await create({ issuer: secure.url, ca })
    expect(await reasonOf(authenticator, one, { iss: secure.url })).toBe('issuer-unavailable')
    expect(secure.state.requests).toEqual(['/.well-known/openid-configuration'])
    expect(server.state.requests).toEqual([])
    await secure.close()
  })

  it.each([
    ['another issuer', { issuer: 'https://issuer.example', jwks_uri: 'https://issuer.example/jwks' }],
    ['an issuer with a slash more', (url: string) => ({ issuer: `${url}/`, jwks_uri: `${url}/jwks` })],
    ['an issuer in other case', (url: string) => ({ issuer: url.toUpperCase(), jwks_uri: `${url}/jwks` })],
    ['an issuer with a path', (url: string) => ({ issuer: `${url}/realm`, jwks_uri: `${url}/jwks` })],
    ['no issuer', (url: string) => ({ jwks_uri: `${url}/jwks` })],
    ['no jwks_uri', (url: string) => ({ issuer: url })],
    ['a jwks_uri over plain http', (url: string) => ({ issuer: url, jwks_uri: 'http://192.0.2.1/jwks' })],
    ['a jwks_uri that is a file', (url: string) => ({ issuer: url, jwks_uri: 'file:///etc/keys.json' })],
    ['a jwks_uri that is no URL', (url: string) => ({ issuer: url, jwks_uri: '/jwks' })],
  ])('are not taken from a document of %s', async (_, document) => {
    serve(typeof document === 'function' ? document(server.url) : document)
    expect(await reasonOf(await discovered(), one, { iss: server.url })).toBe('issuer-unavailable')
    expect(server.state.requests).toEqual(['/.well-known/openid-configuration'])
  })
})

describe('the way to keys', () => {
  it('trusts the authorities of the file instead of those that Node knows', async () => {
    const secure = await startKeyServer(true)
    secure.keys(one)
    expect(await subjectOf(await create({ jwksUri: `${secure.url}/jwks`, ca }), one)).toBe('ci')
    expect(await reasonOf(await create({ jwksUri: `${secure.url}/jwks` }), one)).toBe('issuer-unavailable')
    const other = files.write('other.pem', makeTestCertificate({ subject: [{ CN: 'other' }], ca: true }).certificate)
    expect(await reasonOf(await create({ jwksUri: `${secure.url}/jwks`, ca: other }), one)).toBe('issuer-unavailable')
    await secure.close()
  })

  it.each([
    ['http', false],
    ['https', true],
  ])('leads through the %s proxy that the configuration names, in a tunnel', async (_, overTls) => {
    const [secure, proxy] = [await startKeyServer(true), await startProxy(overTls)]
    secure.keys(one)
    const authenticator = await create({ jwksUri: `${secure.url}/jwks`, ca, proxy: proxy.url })
    expect(await subjectOf(authenticator, one)).toBe('ci')
    expect(proxy.asked).toEqual([new URL(secure.url).host])
    await proxy.close()
    await secure.close()
  })

  it('does not lead past the proxy when that is away', async () => {
    const [secure, proxy] = [await startKeyServer(true), await startProxy()]
    await proxy.close()
    secure.keys(one)
    const authenticator = await create({ jwksUri: `${secure.url}/jwks`, ca, proxy: proxy.url })
    expect(await reasonOf(authenticator, one)).toBe('issuer-unavailable')
    expect(secure.state.requests).toEqual([])
    await secure.close()
  })
})
