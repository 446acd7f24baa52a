import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { CompactEncrypt, generateKeyPair, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Authenticator, createAuthenticator } from '../../src/identity/authenticate.ts'
import { Refusal } from '../../src/refusal.ts'
import {
  AUDIENCE,
  bearer,
  createFiles,
  createSigner,
  forge,
  forgeHmac,
  goodClaims,
  ISSUER,
  jwtIssuer,
  refusalOf,
  type Signer,
} from './fixture.ts'

const files = createFiles()
const seconds = () => Math.floor(Date.now() / 1000)
let signer: Signer
let rsa: Signer
let authenticator: Authenticator

beforeAll(async () => {
  signer = await createSigner('ES256', 'one')
  rsa = await createSigner('RS256', 'rsa')
  const jwksFile = files.write('keys.json', JSON.stringify({ keys: [signer.jwk, rsa.jwk] }))
  authenticator = await createAuthenticator({ local: jwtIssuer({ jwksFile }) })
})

afterAll(() => {
  authenticator.close()
  files.remove()
})

const authenticate = async (token: string) => authenticator.authenticate(bearer(token))
const refusal = (token: string) => refusalOf(authenticator, token)

describe('a good token', () => {
  it('makes a principal of its issuer, subject and claims, and is known from then on', async () => {
    const token = await signer.sign({ repository: 'acme/app' })
    const principal = await authenticate(token)
    expect(principal).toMatchObject({ issuer: 'local', subject: 'ci', certificate: null })
    expect(principal.claims).toMatchObject({ repository: 'acme/app', iss: ISSUER, aud: AUDIENCE })
    expect(authenticator.authenticate(bearer(token))).toBe(principal)
  })

  it('ends when its exp and the clock tolerance are over', async () => {
    const exp = seconds() + 100
    expect(await authenticate(await signer.sign({ exp }))).toMatchObject({ expiresAt: exp + 30 })
  })

  it.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt'])('may have the type %s', async (typ) => {
    expect(await authenticate(await signer.sign({}, { typ }))).toMatchObject({ subject: 'ci' })
  })

  it('may be for several audiences, and be signed without a key id', async () => {
    const token = await signer.sign({ aud: ['other', AUDIENCE] }, { kid: undefined })
    expect(await authenticate(token)).toMatchObject({ subject: 'ci' })
  })

  it('brings a claim named __proto__ as a claim', async () => {
    const claims = JSON.parse('{"__proto__": {"admin": true}}')
    const principal = await authenticate(await signer.sign(Object.assign(goodClaims(), { a: claims })))
    expect(JSON.stringify(principal.claims.a)).toBe('{"__proto__":{"admin":true}}')
  })
})

describe('T120 forged tokens', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', ''])('refuses alg %j with and without a signature', async (alg) => {
    expect((await refusal(forge({ alg }))).reason).toBe('token-algorithm')
    expect((await refusal(forge({ alg }, goodClaims(), ''))).reason).toBe('token-algorithm')
    expect((await refusal(new UnsecuredJWT(goodClaims()).encode())).reason).toBe('token-algorithm')
  })

  it('refuses HS256 with the public RSA key as the secret, in all its spellings', async () => {
    const key = createPublicKey(rsa.pem)
    const secrets = [
      rsa.pem,
      rsa.pem.trim(),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(rsa.jwk),
      String(rsa.jwk.n),
    ]
    for (const secret of secrets) {
      const refused = await refusal(forgeHmac(secret, { alg: 'HS256', kid: 'rsa', typ: 'JWT' }))
      expect(refused.reason).toBe('token-algorithm')
      expect(refused.message).toContain('"HS256"')
      expect(refused.message).toContain('RS256, PS256, ES256')
    }
  })

  it('refuses an algorithm that the issuer does not list, though its key would fit', async () => {
    const jwksFile = files.write('rsa.json', JSON.stringify({ keys: [rsa.jwk] }))
    const narrow = await createAuthenticator({ local: jwtIssuer({ algorithms: ['ES256'], jwksFile }) })
    const refused = await refusalOf(narrow, await rsa.sign())
    expect(refused.reason).toBe('token-algorithm')
    expect(refused.message).toContain('may use ES256 only')
  })

  it.each([
    [{ crit: ['exp'], exp: 1 }],
    [{ crit: [] }],
    [{ crit: 'b64' }],
    [{ crit: ['b64'], b64: false }],
    [{ b64: false }],
    [{ b64: true }],
    [{ typ: 'logout+jwt' }],
    [{ typ: 'dpop+jwt' }],
    [{ typ: 7 }],
  ])('refuses the header %j', async (header) => {
    const refused = await refusal(forge({ alg: 'ES256', kid: 'one', ...header }))
    expect(refused.reason).toBe('token-malformed')
    expect(refused.message).toContain('gate reads: its')
  })

  it('uses no key that the header brings or points to, and fetches nothing', async () => {
    let fetched = 0
    const server = http.createServer((_, response) => {
      fetched += 1
      response.end(JSON.stringify({ keys: [attacker.jwk] }))
    })
    const attacker = await createSigner('ES256', 'one')
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
    for (const header of [{ jwk: attacker.jwk }, { jku: url }, { x5u: url }, { x5c: [attacker.pem] }]) {
      expect((await refusal(await attacker.sign({}, header))).reason).toBe('token-signature')
      expect((await refusal(await attacker.sign({}, { ...header, kid: 'attacker' }))).reason).toBe('token-key-unknown')
    }
    expect(fetched).toBe(0)
    server.close()
  })

  it.each([
    '../../../../../../dev/null',
    '/dev/null',
    "x' UNION SELECT 'key",
    'one\0',
    'ONE',
    '',
    '__proto__',
    'http://127.0.0.1/',
  ])('takes the key id %j for a name that is not known, and nothing else', async (kid) => {
    expect((await refusal(await signer.sign({}, { kid }))).reason).toBe('token-key-unknown')
  })

  it('refuses a token with two signatures (JWS JSON serialisation)', async () => {
    const [one, two] = [(await signer.sign()).split('.'), (await rsa.sign()).split('.')]
    const signatures = [one, two].map(([header, , signature]) => ({ protected: header, signature }))
    const jws = { payload: one[1], signatures }
    expect((await refusal(JSON.stringify(jws))).reason).toBe('credentials-malformed')
    const good = await signer.sign()
    expect((await refusal(`${good}.${good.split('.')[2]}`)).reason).toBe('token-malformed')
  })

  it('refuses a nested and an encrypted token', async () => {
    const inner = await signer.sign()
    expect((await refusal(await signer.signText(inner))).reason).toBe('token-malformed')
    const { publicKey } = await generateKeyPair('ECDH-ES')
    const encrypted = await new CompactEncrypt(Buffer.from(inner))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
      .encrypt(publicKey)
    const refused = await refusal(encrypted)
    expect(refused.reason).toBe('token-malformed')
    expect(refused.message).toContain('encrypted')
  })

  it('refuses a token of 1 MB', async () => {
    expect((await refusal(await signer.sign({ padding: 'x'.repeat(1024 * 1024) }))).reason).toBe('token-malformed')
  })

  it.each([
    'opaque',
    'a.b',
    '..',
    'a.b.c.d',
    'e30.e30.',
    'bnVsbA.e30.AA',
    'W10.e30.AA',
    'MQ.MQ.MQ',
    'a+.e30.AA',
    'a/.e30.AA',
  ])('refuses %j, which is no JWT', async (token) => {
    expect((await refusal(token)).reason).toBe('token-malformed')
  })

  it('refuses a second spelling of a good token', async () => {
    const token = await signer.sign()
    const other = [
      token.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
      `${token}=`,
      `${token}==`,
    ]
    for (const spelling of other) expect((await refusal(spelling)).reason).toBe('token-malformed')
  })
})

describe('T121 claims', () => {
  it.each([
    ['docker.example.evil'],
    ['docker'],
    ['Docker.example'],
    ['docker.example/'],
    [['other', 'docker.exampl']],
    [[]],
    [undefined],
  ])('refuses the audience %j and says which one is expected', async (aud) => {
    const refused = await refusal(await signer.sign({ aud }))
    expect(refused.reason).toBe('token-audience')
    expect(refused.message).toContain('this gate expects "docker.example"')
  })

  it.each([[7], [[AUDIENCE, 7]], [{ [AUDIENCE]: true }], [null]])(
    'refuses the audience %j, which is no text',
    async (aud) => {
      expect((await refusal(forge({ alg: 'ES256', kid: 'one' }, { ...goodClaims(), aud }))).reason).toBe(
        'token-audience',
      )
    },
  )

  it.each([
    'https://issuer.example/',
    'https://issuer.example.',
    'https://ISSUER.example',
    'http://issuer.example',
    'https://\u0456ssuer.example',
  ])('refuses the issuer %s and names it in plain characters', async (iss) => {
    const refused = await refusal(await signer.sign({ iss }))
    expect(refused.reason).toBe('token-issuer-unknown')
    expect(refused.message).toContain(iss)
  })

  it('shows an issuer with control characters and of any length on one short line', async () => {
    const refused = await refusal(await signer.sign({ iss: `a\r\n\u001b[31m\u202e${'x'.repeat(5000)}` }))
    expect(refused.message).toContain('\\u{d}\\u{a}\\u{1b}[31m\\u{202e}x')
    expect(refused.message.length).toBeLessThan(400)
  })

  it.each([
    ['exp', undefined],
    ['exp', '9999999999'],
    ['exp', null],
    ['exp', -1],
    ['exp', [9_999_999_999]],
    ['exp', 1e15],
    ['sub', undefined],
    ['sub', ''],
    ['sub', 7],
    ['sub', 'x'.repeat(257)],
    ['sub', 'ci\nadmin'],
    ['sub', 'ci\u202eadmin'],
    ['sub', 'ci\ud800'],
    ['iss', ''],
    ['nbf', '1'],
    ['iat', '1'],
  ])('refuses the %s %j, saying which claim is wrong and nothing of its content', async (claim, value) => {
    const refused = await refusal(await signer.sign({ [claim]: value }))
    expect(refused.reason).toBe(value === -1 ? 'token-expired' : 'token-claims')
    if (value !== -1) expect(refused.message).toContain(`"${claim}"`)
  })

  it('refuses an exp beyond all numbers', async () => {
    const text = JSON.stringify(goodClaims()).replace(/"exp":[0-9]+/, '"exp":1e999')
    expect((await refusal(await signer.signText(text))).reason).toBe('token-claims')
  })

  it('says how long ago a token expired, and what time it takes it to be', async () => {
    const refused = await refusal(await signer.sign({ exp: seconds() - 190 }))
    expect(refused.reason).toBe('token-expired')
    expect(refused.message).toMatch(
      /^the token expired 3 minutes ago \(exp\); get a new one \(this gate's clock says 20[0-9T:-]+Z\)$/,
    )
  })

  it.each([
    ['nbf', 'is not valid before 10 minutes from now (nbf)'],
    ['iat', 'was issued 10 minutes in the future (iat)'],
  ])('refuses a token whose %s lies ahead, and names the clock that may be off', async (claim, what) => {
    const refused = await refusal(await signer.sign({ [claim]: seconds() + 605 }))
    expect(refused.reason).toBe('token-not-yet-valid')
    expect(refused.message).toContain(
      `the token ${what}: a clock is off, the issuer's or the gate's (this gate's clock says 20`,
    )
  })

  it('allows for clocks that differ by the tolerance, and not by more', async () => {
    const now = seconds()
    const fixed = await createAuthenticator(
      { local: jwtIssuer({ jwksFile: files.write('tolerance.json', JSON.stringify({ keys: [signer.jwk] })) }) },
      { now: () => now * 1000 },
    )
    for (const good of [{ exp: now - 29 }, { nbf: now + 30 }, { iat: now + 30 }]) {
      expect(await fixed.authenticate(bearer(await signer.sign(good)))).toMatchObject({ subject: 'ci' })
    }
    expect((await refusalOf(fixed, await signer.sign({ exp: now - 30 }))).reason).toBe('token-expired')
    expect((await refusalOf(fixed, await signer.sign({ nbf: now + 31 }))).reason).toBe('token-not-yet-valid')
    expect((await refusalOf(fixed, await signer.sign({ iat: now + 31 }))).reason).toBe('token-not-yet-valid')
  })

  it('T127 serves a known token until the very second at which a new one would be refused', async () => {
    let now = seconds()
    const clocked = await createAuthenticator(
      { local: jwtIssuer({ jwksFile: files.write('clocked.json', JSON.stringify({ keys: [signer.jwk] })) }) },
      { now: () => now * 1000 },
    )
    const token = await signer.sign({ exp: now + 60 })
    const principal = await clocked.authenticate(bearer(token))
    now = principal.expiresAt - 1
    expect(clocked.authenticate(bearer(token))).toBe(principal)
    now = principal.expiresAt
    expect((await refusalOf(clocked, token)).reason).toBe('token-expired')
  })
})

describe('any text as a token', () => {
  it('ends in a Refusal and never makes a principal', { timeout: 60_000 }, async () => {
    const good = await signer.sign({ secret: 'correct-horse-battery' })
    const mutated = fc
      .tuple(fc.nat(good.length - 1), fc.nat(3), fc.stringMatching(/^[A-Za-z0-9_.-]{0,3}$/))
      .map(([at, removed, added]) => good.slice(0, at) + added + good.slice(at + removed))
      .filter((token) => token !== good)
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), mutated), async (token) => {
        const outcome = await authenticate(token).catch((error: unknown) => error)
        expect(outcome).toBeInstanceOf(Refusal)
      }),
      { numRuns: 1000 },
    )
  })

  it('is never shown in the refusal: neither its signature, nor its encoded or decoded payload', async () => {
    const secret = 'correct-horse-battery-staple'
    const other = await createSigner('ES256', 'one')
    const past = { exp: seconds() - 100 }
    const claims = { sub: secret, password: secret, jti: secret }
    const tokens = await Promise.all([
      other.sign(claims),
      other.sign(claims, { kid: secret }),
      signer.sign({ ...claims, ...past }),
      signer.sign({ ...claims, nbf: seconds() + 1000 }),
      signer.sign({ ...claims, iat: seconds() + 1000 }),
      signer.sign({ ...claims, aud: 'other' }),
      signer.sign({ ...claims, iss: 'https://other.example' }),
      signer.sign({ ...claims, exp: secret }),
      signer.sign({ ...claims, sub: secret.repeat(20) }),
      signer.sign(claims, { typ: secret }),
      signer
        .sign(claims, { crit: [secret], [secret]: 1 })
        .catch(() => forge({ alg: 'ES256', crit: [secret] }, { ...goodClaims(), ...claims })),
    ])
    for (const token of tokens) {
      const refused = await refusal(token)
      const shown = `${refused.message} ${refused.stack} ${JSON.stringify(refused)} ${refused.cause}`
      expect(shown).not.toContain(secret)
      for (const part of token.split('.')) {
        for (let at = 0; at + 12 <= part.length; at += 1) expect(shown).not.toContain(part.slice(at, at + 12))
      }
    }
  })
})
