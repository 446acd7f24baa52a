import { generateKeyPairSync } from 'node:crypto'
import { importPKCS8, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Authenticator, createAuthenticator } from '../../src/identity/authenticate.ts'
import { makeTestCertificate } from '../support/certificates.ts'
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

async function create(issuers: Issuers): Promise<Authenticator> {
  const authenticator = await createAuthenticator(issuers)
  authenticators.push(authenticator)
  return authenticator
}

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
