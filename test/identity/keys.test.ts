import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import http, { type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { importPKCS8, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Authenticator, createAuthenticator } from '../../src/identity/authenticate.ts'
import { makeTestCertificate } from '../support/certificates.ts'
import { type OidcIssuer, startOidcIssuer } from '../support/oidc-issuer.ts'
import {
  bearer,
  createFiles,
  createSigner,
  goodClaims,
  type Issuers,
  jwtIssuer,
  refusalOf,
  type Signer,
} from './fixture.ts'

const files = createFiles()
afterAll(() => files.remove())

const authenticators: Authenticator[] = []
afterEach(() => {
  for (const authenticator of authenticators.splice(0)) authenticator.close()
})

const warnings: string[] = []
beforeEach(() => {
  warnings.length = 0
})

async function create(issuers: Issuers): Promise<Authenticator> {
  const authenticator = await createAuthenticator(issuers, { warn: (message) => warnings.push(message) })
  authenticators.push(authenticator)
  return authenticator
}

describe('an OIDC issuer that is found by discovery', () => {
  let oidc: OidcIssuer
  beforeAll(async () => {
    oidc = await startOidcIssuer()
  })
  afterAll(() => oidc.close())

  const discovered = (settings = {}) =>
    create({ oidc: jwtIssuer({ issuer: oidc.issuer, audience: 'https://docker.example', ...settings }) })

  it('has its tokens accepted, claims and all', async () => {
    const authenticator = await discovered()
    const principal = await authenticator.authenticate(bearer(await oidc.token({ repository: 'acme/app' })))
    expect(principal).toMatchObject({ issuer: 'oidc', subject: oidc.subject, claims: { repository: 'acme/app' } })
  })

  it('has a token for another audience refused', async () => {
    const token = await oidc.token({}, { audience: 'https://other.example' })
    expect((await refusalOf(await discovered(), token)).reason).toBe('token-audience')
  })

  it('has a token refused that has changed by one character', async () => {
    const [header, payload, signature = ''] = (await oidc.token()).split('.')
    const changed = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
    expect((await refusalOf(await discovered(), `${header}.${payload}.${changed}`)).reason).toBe('token-signature')
  })

  it('has a token refused when it has expired', async () => {
    const token = await oidc.token({}, { lifetime: 1 })
    const later = Date.now() + 60_000
    const authenticator = await createAuthenticator(
      { oidc: jwtIssuer({ issuer: oidc.issuer, audience: 'https://docker.example' }) },
      { now: () => later },
    )
    expect((await refusalOf(authenticator, token)).reason).toBe('token-expired')
    authenticator.close()
  })
})

/** A JWKS server whose answer a test can change while it runs. */
async function startKeyServer() {
  const state = {
    requests: [] as string[],
    answer: ((_, response) => response.writeHead(500).end()) as RequestListener,
  }
  const server = http.createServer((request, response) => {
    state.requests.push(request.url ?? '')
    state.answer(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const json = (value: unknown) => (state.answer = (_, response) => response.end(JSON.stringify(value)))
  const close = async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return { state, url, json, keys: (...signers: Signer[]) => json({ keys: signers.map(({ jwk }) => jwk) }), close }
}

describe('T123 remote keys', () => {
  let server: Awaited<ReturnType<typeof startKeyServer>>
  let one: Signer
  let two: Signer

  beforeAll(async () => {
    one = await createSigner('ES256', 'one')
    two = await createSigner('ES256', 'two')
  })
  beforeEach(async () => {
    server = await startKeyServer()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  })
  afterEach(async () => {
    vi.useRealTimers()
    await server.close()
  })

  const remote = () => create({ remote: jwtIssuer({ jwksUri: `${server.url}/jwks` }) })
  const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds)
  const subjectOf = async (authenticator: Authenticator, signer: Signer, claims = {}) => {
    return (await authenticator.authenticate(bearer(await signer.sign({ exp: Date.now() / 1000 + 3600, ...claims }))))
      .subject
  }
  const reasonOf = async (authenticator: Authenticator, signer: Signer, claims = {}) =>
    (await refusalOf(authenticator, await signer.sign({ exp: Date.now() / 1000 + 3600, ...claims }))).reason

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
    pass(30_001)
    expect(await subjectOf(authenticator, two)).toBe('ci')
  })

  it('lose a key that the issuer takes away, for tokens that were accepted before too', async () => {
    server.keys(one, two)
    const authenticator = await remote()
    const token = await one.sign({ exp: Date.now() / 1000 + 86_400 })
    await authenticator.authenticate(bearer(token))
    server.keys(two)
    pass(600_001)
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
    pass(30_001)
    expect(new Set((await flood()).map(({ reason }) => reason))).toEqual(new Set(['token-key-unknown']))
    expect(server.state.requests.length).toBe(2)
  })

  it('that cannot be had refuse with 503, are tried again after five seconds, and tell the operator', async () => {
    const authenticator = await remote()
    expect(await reasonOf(authenticator, one)).toBe('issuer-unavailable')
    server.keys(one)
    expect(await reasonOf(authenticator, one)).toBe('issuer-unavailable')
    expect(server.state.requests.length).toBe(1)
    pass(5_001)
    expect(await subjectOf(authenticator, one)).toBe('ci')
    expect(warnings).toEqual([
      `issuers.remote.jwt: the issuer's keys cannot be had: ${server.url}/jwks answers with status 500`,
    ])
  })

  it('of which a fetch for an unknown id fails go on to verify known ids', async () => {
    server.keys(one)
    const authenticator = await remote()
    await subjectOf(authenticator, one)
    server.state.answer = (_, response) => response.destroy()
    pass(30_001)
    expect(await reasonOf(authenticator, two)).toBe('issuer-unavailable')
    expect(await reasonOf(authenticator, two, { jti: 'another' })).toBe('issuer-unavailable')
    expect(server.state.requests.length).toBe(2)
    expect(await subjectOf(authenticator, one, { jti: 'new' })).toBe('ci')
  })

  it('are not used beyond ten minutes when the issuer is away', async () => {
    server.keys(one)
    const authenticator = await remote()
    await subjectOf(authenticator, one)
    server.state.answer = (_, response) => response.destroy()
    pass(600_001)
    expect(await reasonOf(authenticator, one)).toBe('issuer-unavailable')
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
      'end too early',
      (_, response) => response.writeHead(200).write('{', () => response.destroy()),
      'other side closed',
    ],
  ])('that %s cannot be had', async (_, answer, why) => {
    server.state.answer = answer
    const authenticator = await remote()
    expect(await reasonOf(authenticator, one)).toBe('issuer-unavailable')
    expect(await reasonOf(authenticator, one, { jti: 'another' })).toBe('issuer-unavailable')
    expect(warnings.join()).toContain(why)
    expect(server.state.requests).toEqual(['/jwks'])
  })

  it('without end are cut off', async () => {
    let closed: Promise<unknown> = Promise.resolve()
    server.state.answer = (_, response) => {
      closed = once(response, 'close')
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    }
    expect(await reasonOf(await remote(), one)).toBe('issuer-unavailable')
    await closed
  })

  it('that arrive slowly are given up after five seconds', { timeout: 15_000 }, async () => {
    server.state.answer = (_, response) => response.write('{"keys":')
    const started = performance.now()
    expect(await reasonOf(await remote(), one)).toBe('issuer-unavailable')
    expect(performance.now() - started).toBeLessThan(9_000)
    expect(warnings.join()).toContain('no whole answer in time')
  })

  it('of an issuer that is away at the start do not keep the gate from starting', async () => {
    const closed = await startKeyServer()
    await closed.close()
    const authenticator = await create({ remote: jwtIssuer({ jwksUri: `${closed.url}/jwks` }) })
    const refused = await refusalOf(authenticator, await one.sign())
    expect(refused.reason).toBe('issuer-unavailable')
    expect(refused.status).toBe(503)
    expect(refused.message).not.toContain(closed.url)
    expect(warnings.join()).toContain('ECONNREFUSED')
  })

  describe('found by discovery', () => {
    const discovered = () => create({ found: jwtIssuer({ issuer: server.url }) })
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
      const authenticator = await create({ found: jwtIssuer({ issuer }) })
      expect(await subjectOf(authenticator, one, { iss: issuer })).toBe('ci')
    })

    it('do not lead from an issuer elsewhere to a port of this machine', async () => {
      const asked: string[] = []
      vi.stubGlobal('fetch', async (url: URL) => {
        asked.push(url.href)
        return new Response(JSON.stringify({ issuer: 'https://issuer.example', jwks_uri: `${server.url}/jwks` }))
      })
      const authenticator = await create({ found: jwtIssuer({}) })
      expect(await reasonOf(authenticator, one)).toBe('issuer-unavailable')
      expect(asked).toEqual(['https://issuer.example/.well-known/openid-configuration'])
      vi.unstubAllGlobals()
    })

    it.each([
      ['another issuer', { issuer: 'https://issuer.example', jwks_uri: 'https://issuer.example/jwks' }],
      ['an issuer with a slash more', (url: string) => ({ issuer: `${url}/`, jwks_uri: `${url}/jwks` })],
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
})

describe('keys in files', () => {
  it.each(['RS256', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
    'verify %s from a PEM file',
    async (alg) => {
      const signer = await createSigner(alg)
      const issuer = jwtIssuer({ algorithms: [alg], publicKey: files.write(`${alg}.pem`, signer.pem) })
      const authenticator = await create({ local: issuer })
      expect(await authenticator.authenticate(bearer(await signer.sign({}, { kid: 'any' })))).toMatchObject({
        subject: 'ci',
      })
    },
  )

  it('do not verify an algorithm of another kind of key', async () => {
    const signer = await createSigner('ES256')
    const authenticator = await create({ local: jwtIssuer({ publicKey: files.write('es.pem', signer.pem) }) })
    expect((await refusalOf(authenticator, await (await createSigner('EdDSA')).sign())).reason).toBe(
      'token-key-unknown',
    )
  })

  it('may be in a certificate', async () => {
    const { certificate, key } = makeTestCertificate({ subject: [{ CN: 'signer' }] })
    const token = await new SignJWT(goodClaims())
      .setProtectedHeader({ alg: 'ES256' })
      .sign(await importPKCS8(key, 'ES256'))
    const authenticator = await create({ local: jwtIssuer({ publicKey: files.write('cert.pem', certificate) }) })
    expect(await authenticator.authenticate(bearer(token))).toMatchObject({ subject: 'ci' })
  })

  it('of which several fit a token without a key id are all tried', async () => {
    const signers = await Promise.all(['a', 'b', 'c'].map((kid) => createSigner('ES256', kid)))
    const jwksFile = files.write('several.json', JSON.stringify({ keys: signers.map(({ jwk }) => jwk) }))
    const authenticator = await create({ local: jwtIssuer({ jwksFile }) })
    const token = await signers[2]?.sign({}, { kid: undefined })
    expect(await authenticator.authenticate(bearer(token ?? ''))).toMatchObject({ subject: 'ci' })
    const stranger = await createSigner('ES256')
    expect((await refusalOf(authenticator, await stranger.sign())).reason).toBe('token-signature')
  })

  it('that are too short for RSA are refused', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const publicKeyFile = files.write('short.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString())
    await expect(create({ local: jwtIssuer({ publicKey: publicKeyFile }) })).rejects.toThrow('1024 bits')
  })
})

describe('a configuration that cannot be used', () => {
  const pem = generateKeyPairSync('ed25519')
  const privatePem = pem.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const publicPem = pem.publicKey.export({ type: 'spki', format: 'pem' }).toString()

  it.each<[string, Record<string, unknown>, string]>([
    ['two sources of keys', { jwksUri: 'https://a.example/jwks', publicKey: '/x' }, 'at most one'],
    ['a private key', { publicKey: files.write('private.pem', privatePem) }, 'private key'],
    [
      'a key that fits no algorithm',
      { publicKey: files.write('ed.pem', publicPem), algorithms: ['RS256'] },
      'fits none',
    ],
    ['a file that is no key', { publicKey: files.write('text.pem', 'hello') }, 'no public key'],
    [
      'a key set with a private key',
      { jwksFile: files.write('d.json', '{"keys":[{"kty":"OKP","d":"x"}]}') },
      'private or shared',
    ],
    [
      'a key set with a shared key',
      { jwksFile: files.write('k.json', '{"keys":[{"kty":"oct","k":"x"}]}') },
      'private or shared',
    ],
    ['an empty key set', { jwksFile: files.write('none.json', '{"keys":[]}') }, 'no keys'],
    ['a file that is no key set', { jwksFile: files.write('text.json', 'hello') }, 'no JWK Set'],
    ['a key URL over plain http', { jwksUri: 'http://192.0.2.1/jwks' }, 'not https'],
    ['an issuer over plain http', { issuer: 'http://issuer.example' }, 'not https'],
    ['an issuer that is no URL and has no keys', { issuer: 'local' }, 'no URL'],
    ['an issuer with a query', { issuer: 'https://issuer.example/?a' }, 'query'],
  ])('such as %s keeps the gate from starting', async (_, settings, message) => {
    await expect(create({ local: jwtIssuer(settings) })).rejects.toThrow(message)
    await expect(create({ local: jwtIssuer(settings) })).rejects.toThrow('issuers.local.jwt')
  })
})

describe('T122 several issuers', () => {
  let one: Signer
  let two: Signer
  const issuerOf = (name: string, signer: Signer, settings = {}) =>
    jwtIssuer({ issuer: `https://${name}.example`, publicKey: files.write(`${name}.pem`, signer.pem), ...settings })

  beforeAll(async () => {
    one = await createSigner('ES256')
    two = await createSigner('ES256')
  })

  it('have the same subject apart, known or not yet', async () => {
    const authenticator = await create({ one: issuerOf('one', one), two: issuerOf('two', two) })
    const tokens = [await one.sign({ iss: 'https://one.example' }), await two.sign({ iss: 'https://two.example' })]
    for (const _ of ['verified', 'known']) {
      const principals = await Promise.all(tokens.map((token) => authenticator.authenticate(bearer(token))))
      expect(principals.map(({ issuer, subject }) => [issuer, subject])).toEqual([
        ['one', 'ci'],
        ['two', 'ci'],
      ])
    }
  })

  it('cannot speak for each other', async () => {
    const authenticator = await create({ one: issuerOf('one', one), two: issuerOf('two', two) })
    expect((await refusalOf(authenticator, await one.sign({ iss: 'https://two.example' }))).reason).toBe(
      'token-signature',
    )
  })

  it('of one iss are told apart by their audiences', async () => {
    const iss = 'https://one.example'
    const authenticator = await create({
      builds: issuerOf('one', one, { audience: 'builds' }),
      deploys: issuerOf('one', one, { audience: ['deploys', 'both'] }),
    })
    const issuerOfToken = async (aud: string | string[]) =>
      (await authenticator.authenticate(bearer(await one.sign({ iss, aud })))).issuer
    expect(await issuerOfToken('builds')).toBe('builds')
    expect(await issuerOfToken('both')).toBe('deploys')
    expect(await issuerOfToken(['deploys', 'builds'])).toBe('builds')
    const refused = await refusalOf(authenticator, await one.sign({ iss, aud: 'other' }))
    expect(refused.message).toContain('"other"; this gate expects "builds" or "deploys" or "both"')
  })

  it('of one iss and audience are tried in their order until a key verifies the token', async () => {
    const iss = 'https://one.example'
    const authenticator = await create({
      old: issuerOf('one', one),
      next: { ...issuerOf('two', two, { issuer: iss }) },
    })
    const principal = await authenticator.authenticate(bearer(await two.sign({ iss })))
    expect(principal.issuer).toBe('next')
    expect((await refusalOf(authenticator, await (await createSigner()).sign({ iss }))).reason).toBe('token-signature')
    expect((await refusalOf(authenticator, await two.sign({ iss, exp: 1 }))).reason).toBe('token-expired')
  })
})
