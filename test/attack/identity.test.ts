import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AUDIENCE, createSigner, forge, forgeHmac, goodClaims, ISSUER } from '../identity/fixture.ts'
import { rawRequest } from '../support/raw-client.ts'
import { bearer, type IdentityScene, OTHER, requestOf, startIdentityScene } from './identity-scene.ts'
import { expectRefusal } from './scene.ts'

describe('attacks with tokens', () => {
  let scene: IdentityScene
  beforeAll(async () => {
    scene = await startIdentityScene()
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  it('takes the good token that the others are made from', async () => {
    for (const signer of [scene.rsa, scene.ec])
      expect((await scene.ask([bearer(await signer.sign())])).status).toBe(200)
  })

  it.each(['none', 'None', 'NONE', 'nOnE', ''])('T120 refuses alg %j, with and without a signature', async (alg) => {
    await scene.refusedToken(forge({ alg, typ: 'JWT' }), 'token-algorithm', 'token-malformed')
    await scene.refusedToken(forge({ alg, typ: 'JWT' }, goodClaims(), ''), 'token-algorithm', 'token-malformed')
  })

  it.each(['HS256', 'HS384', 'HS512'])('T120 refuses %s keyed with what everybody can read', async (alg) => {
    for (const secret of [
      scene.rsa.pem,
      scene.rsa.pem.trim(),
      JSON.stringify(scene.rsa.jwk),
      scene.rsa.jwk.n ?? '',
      '',
    ]) {
      await scene.refusedToken(forgeHmac(secret, { alg, typ: 'JWT', kid: 'rsa' }), 'token-algorithm')
    }
  })

  it.each([
    ['crit', { crit: ['exp'] }],
    ['crit of an unknown extension', { crit: ['x'], x: 1 }],
    ['b64', { crit: ['b64'], b64: false }],
    ['an empty crit', { crit: [] }],
  ])('T120 refuses %s in a header, signed as it may be', async (_, header) => {
    const [head = '', payload, signature] = (await scene.ec.sign()).split('.')
    const changed = { ...JSON.parse(Buffer.from(head, 'base64url').toString()), ...header }
    const token = [Buffer.from(JSON.stringify(changed)).toString('base64url'), payload, signature].join('.')
    await scene.refusedToken(token, 'token-malformed')
  })

  it('T120 never uses a key that the token brings or points to', async () => {
    const attacker = await createSigner('ES256', 'ec')
    const port = scene.keysPort
    scene.fetched.length = 0
    for (const header of [
      { jwk: attacker.jwk },
      { jku: `http://127.0.0.1:${port}/attacker` },
      { x5u: `http://127.0.0.1:${port}/attacker` },
      { jwk: attacker.jwk, kid: undefined },
      { x5c: ['MIIB'] },
      { kid: `http://127.0.0.1:${port}/attacker` },
    ]) {
      await scene.refusedToken(
        await attacker.sign({}, header),
        'token-signature',
        'token-key-unknown',
        'token-malformed',
      )
    }
    expect(scene.fetched).toEqual([])
  })

  it.each(['../../../dev/null', '/dev/null', "' OR 1=1 --", '__proto__', 'constructor', '\u0000', 'x'.repeat(500)])(
    'T120 refuses the key id %j as one that nobody has',
    async (kid) => {
      await scene.refusedToken(await scene.ec.sign({}, { kid }), 'token-key-unknown')
    },
  )

  it('T120 refuses what is no compact JWS of one signature', async () => {
    const token = await scene.ec.sign()
    const [head, payload, signature] = token.split('.')
    const general = JSON.stringify({
      payload,
      signatures: [
        { protected: head, signature },
        { protected: head, signature },
      ],
    })
    for (const text of [
      `${token}.${signature}`,
      `${token}.`,
      `.${token}`,
      `${head}.${payload}`,
      `${head}.${payload}.`,
      `${head}..${signature}`,
      `${token}.a.b`,
      `${token}=`,
      token.replace('.', ' .'),
      `${token} ${token}`,
      `${token},${token}`,
      `"${token}"`,
      Buffer.from(general).toString('base64url'),
    ]) {
      scene.refused(await scene.ask([bearer(text)]), 'token-malformed', 'credentials-malformed', 'token-signature')
    }
    scene.refused(await scene.ask([bearer(general)]), 'token-malformed', 'credentials-malformed')
  })

  it('T120 refuses a nested token, and one that is encrypted', async () => {
    const inner = await scene.ec.sign()
    await scene.refusedToken(await scene.ec.signText(inner), 'token-malformed')
    await scene.refusedToken(await scene.ec.signText(JSON.stringify(inner)), 'token-malformed')
    await scene.refusedToken(forge({ alg: 'RSA-OAEP', enc: 'A256GCM' }, 'x', 'y.z.w'), 'token-malformed')
  })

  it.each([20_000, 200_000, 1_000_000])('T120 looks at no token of %i bytes', async (size) => {
    const answer = await scene.ask([bearer(await scene.ec.sign({ padding: 'x'.repeat(size) }))])
    scene.refused(answer, 'token-malformed', 'headers-too-large')
    expect(answer.body.length).toBeLessThan(1_024)
  })

  it('T120 refuses a token whose payload or signature was changed', async () => {
    const [head, payload = '', signature = ''] = (await scene.ec.sign({ sub: 'ci' })).split('.')
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'root' }
    await scene.refusedToken(
      [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.'),
      'token-signature',
    )
    await scene.refusedToken([head, payload, Buffer.alloc(64).toString('base64url')].join('.'), 'token-signature')
    await scene.refusedToken([head, payload, signature.slice(0, -4)].join('.'), 'token-signature', 'token-malformed')
  })

  it.each([
    ['another audience', { aud: 'other' }],
    ['a part of the audience', { aud: 'docker' }],
    ['the audience and more', { aud: `${AUDIENCE}.evil` }],
    ['the audience in other case', { aud: AUDIENCE.toUpperCase() }],
    ['the audience with a space', { aud: `${AUDIENCE} ` }],
    ['a list in one text', { aud: `${AUDIENCE},other` }],
    ['a list without the audience', { aud: ['a', 'b'] }],
    ['no audience', { aud: undefined }],
    ['an empty list', { aud: [] }],
    ['a nested list', { aud: [[AUDIENCE]] }],
    ['an object', { aud: { [AUDIENCE]: true } }],
  ])('T121 refuses a token for %s', async (_, claims) => {
    await scene.refusedToken(await scene.ec.sign(claims), 'token-audience', 'token-malformed', 'token-claims')
  })

  it.each([
    `${ISSUER}/`,
    ISSUER.toUpperCase(),
    `${ISSUER}.evil.example`,
    `http${ISSUER.slice(5)}`,
    `${ISSUER}:443`,
    `${ISSUER}\u0000`,
    ISSUER.replace('e', '\u0435'),
    ` ${ISSUER}`,
  ])('T121 refuses the issuer %j', async (iss) => {
    await scene.refusedToken(await scene.ec.sign({ iss }), 'token-issuer-unknown')
  })

  it.each([
    ['no exp', { exp: undefined }, 'token-claims'],
    ['exp as text', { exp: '9999999999' }, 'token-claims'],
    ['exp null', { exp: null }, 'token-claims'],
    ['exp in the past', { exp: 1 }, 'token-expired'],
    ['exp just beyond the tolerance', { exp: Math.floor(Date.now() / 1000) - 31 }, 'token-expired'],
    ['exp negative', { exp: -1 }, 'token-expired'],
    ['nbf in the future', { nbf: Math.floor(Date.now() / 1000) + 120 }, 'token-not-yet-valid'],
    ['nbf as text', { nbf: '0' }, 'token-claims'],
    ['iat in the future', { iat: Math.floor(Date.now() / 1000) + 120 }, 'token-not-yet-valid'],
    ['iat as text', { iat: 'now' }, 'token-claims'],
    ['no sub', { sub: undefined }, 'token-claims'],
    ['an empty sub', { sub: '' }, 'token-claims'],
    ['sub as a list', { sub: ['root'] }, 'token-claims'],
    ['no iss', { iss: undefined }, 'token-claims'],
    ['iss as a list', { iss: [ISSUER] }, 'token-claims'],
  ] as const)('T121 refuses a token with %s', async (_, claims, reason) => {
    await scene.refusedToken(await scene.ec.signText(JSON.stringify({ ...goodClaims(), ...claims })), reason)
  })

  it('T121 refuses an exp beyond what a clock can say', async () => {
    await scene.refusedToken(
      await scene.ec.signText(JSON.stringify(goodClaims()).replace(/"exp":[0-9]+/, '"exp":1e999')),
      'token-claims',
    )
  })

  it('T121 allows for clocks that differ by less than the tolerance', async () => {
    const now = Math.floor(Date.now() / 1000)
    for (const claims of [{ exp: now - 10 }, { nbf: now + 10 }, { iat: now + 10 }]) {
      expect((await scene.ask([bearer(await scene.ec.sign(claims))])).status).toBe(200)
    }
  })

  it('T122 gives the same subject of another issuer only what that issuer is bound to', async () => {
    const body = ['Content-Length: 2', 'Content-Type: application/json']
    const create = (token: string) =>
      rawRequest(scene.endpoint('plain'), `${requestOf([bearer(token), ...body], 'POST', '/volumes/create')}{}`)
    scene.refused((await create(await scene.other.sign({ iss: OTHER, sub: 'root' }))).answer, 'operation-not-allowed')
    expect((await create(await scene.ec.sign({ sub: 'root' }))).answer.status).toBe(200)
    expect(scene.reached()).toEqual(['POST /volumes/create'])
  })

  it("T122 refuses a token that one issuer's key signed in another issuer's name", async () => {
    await scene.refusedToken(await scene.other.sign({ iss: ISSUER }), 'token-signature')
    await scene.refusedToken(await scene.ec.sign({ iss: OTHER }), 'token-signature')
    await scene.refusedToken(await scene.remote.sign({ iss: ISSUER }), 'token-key-unknown', 'token-signature')
  })

  it('T122 refuses an issuer that no binding names', async () => {
    scene.refused(await scene.ask([bearer(await scene.other.sign({ iss: OTHER, sub: 'nobody' }))]), 'binding-none')
  })

  it('T123 takes keys from the configured address, and asks once for a crowd of unknown ones', async () => {
    expect((await scene.ask([bearer(await scene.remote.sign({ iss: 'https://remote.example' }))])).status).toBe(200)
    scene.engine.reset()
    scene.fetched.length = 0
    const crowd = Array.from({ length: 40 }, async () => {
      const token = await scene.remote.sign({ iss: 'https://remote.example', jti: randomUUID() }, { kid: randomUUID() })
      return scene.ask([bearer(token)])
    })
    for (const answer of await Promise.all(crowd)) expectRefusal(answer, 'token-key-unknown')
    expect(scene.fetched.length).toBeLessThanOrEqual(1)
    expect(scene.reached()).toEqual([])
  })

  it.each(['moved', 'huge', 'broken', 'away'])('T123 refuses with 503 while keys cannot be had: %s', async (name) => {
    await scene.refusedToken(await scene.remote.sign({ iss: `https://${name}.example` }), 'issuer-unavailable')
  })
})
