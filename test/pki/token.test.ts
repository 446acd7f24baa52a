import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { createTokenKey, localTokenEnd, publicTokenKey, signToken } from '../../src/pki/token.ts'

const key = createTokenKey()
const request = { subject: 'build-7', claims: { role: 'ci' }, lifetime: 60_000 }

it('signs a token that verifies with the public half, for the local issuer and audience', async () => {
  const { token, expiresAt } = await signToken(key, request)
  const verified = await jwtVerify(token, createPublicKey(publicTokenKey(key)), {
    issuer: 'https://dockgate.local',
    audience: 'dockgate',
    algorithms: ['EdDSA'],
  })
  expect(verified.payload).toMatchObject({ sub: 'build-7', role: 'ci', exp: expiresAt.getTime() / 1000 })
  expect(Number(verified.payload.exp) - Number(verified.payload.iat)).toBe(60)
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'JWT' })
})

it('never signs two equal tokens', async () => {
  const tokens = await Promise.all([signToken(key, request), signToken(key, request)])
  expect(tokens[0].token).not.toBe(tokens[1].token)
})

it('lets no other claim stand for a registered one', async () => {
  const { claims } = await signToken(key, {
    ...request,
    claims: { iss: 'x', sub: 'root', aud: 'y', exp: '9', iat: '0' },
  })
  expect(claims).toMatchObject({ iss: 'https://dockgate.local', sub: 'build-7', aud: 'dockgate' })
  expect(Number(claims.exp)).toBeGreaterThan(1e9)
})

it('signs for another audience when told', async () => {
  expect((await signToken(key, { ...request, audience: 'gate.acme.test' })).claims.aud).toBe('gate.acme.test')
})

it('gives the public half without the private one', () => {
  expect(publicTokenKey(key)).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^-]+-----END PUBLIC KEY-----\n$/)
})

it('knows when a token of its own ends', async () => {
  const { token, expiresAt } = await signToken(key, request)
  expect(await localTokenEnd(key, token)).toEqual(expiresAt)
})

it.each([
  ['that has expired', async () => (await signToken(key, { ...request, issuedAt: 1_700_000_000 })).token],
  ['of another key', async () => (await signToken(createTokenKey(), request)).token],
  ['that is none', async () => 'a.b.c'],
])('knows no end of a token %s', async (_what, make) => {
  expect(await localTokenEnd(key, await make())).toBeNull()
})

it('refuses to sign with another kind of key', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  await expect(signToken(other.toString(), request)).rejects.toThrow('not an Ed25519 key')
  await expect(signToken('hello', request)).rejects.toThrow('not a private key in PEM')
})
