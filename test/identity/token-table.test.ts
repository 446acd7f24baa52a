import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Authenticator } from '../../src/identity/authenticate.ts'
import { createAuthenticator } from '../../src/identity/authenticate.ts'
import type { ReasonCode } from '../../src/reasons.ts'
import { Refusal } from '../../src/refusal.ts'
import {
  AUDIENCE,
  bearer,
  createFiles,
  createSigner,
  forge,
  forgeHmac,
  ISSUER,
  jwtIssuer,
  type Signer,
} from './fixture.ts'

/** Seconds: the gate's clock stands still at this time. */
const NOW = 1_800_000_000
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const ALLOWED = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519']

const files = createFiles()
const signers = new Map<string, Signer>()
let authenticator: Authenticator

const signer = (alg: string): Signer => signers.get(alg) ?? raise(alg)
function raise(alg: string): never {
  throw new Error(`no signer for ${alg}`)
}

beforeAll(async () => {
  for (const alg of ALGORITHMS) signers.set(alg, await createSigner(alg, alg))
  const keys = [...signers.values()].map(({ jwk }) => jwk)
  const jwksFile = files.write('keys.json', JSON.stringify({ keys }))
  const all = jwtIssuer({ issuer: 'https://all.example', jwksFile, algorithms: ALGORITHMS })
  authenticator = await createAuthenticator({ local: jwtIssuer({ jwksFile }), all }, { now: () => NOW * 1000 })
})
afterAll(() => {
  authenticator.close()
  files.remove()
})

const GOOD = { iss: ISSUER, aud: AUDIENCE, sub: 'ci', iat: NOW - 10, nbf: NOW - 10, exp: NOW + 300, jti: 'one' }
const payload = (claims: object) => JSON.stringify({ ...GOOD, ...claims })
const header = (parts: object) => ({ alg: 'ES256', kid: 'ES256', typ: 'JWT', ...parts })

type Row = [what: string, make: () => string | Promise<string>, reason: ReasonCode]

/** A token whose claims differ from a good one's in this way, signed as it must be. */
const claims = (what: string, value: object, reason: ReasonCode): Row => [
  `claims ${what}`,
  () => signer('ES256').signText(payload(value)),
  reason,
]
const WRONG_TYPES = { null: null, 'a text': 'x', 'a boolean': true, 'a list': [NOW], 'an object': { a: 1 } }
const wrongTimes = (name: string): Row[] =>
  Object.entries(WRONG_TYPES).map(([type, value]) =>
    claims(`with ${type} for ${name}`, { [name]: value }, 'token-claims'),
  )

const algorithms: Row[] = [
  ...ALGORITHMS.map(
    (alg): Row => [
      `${alg} for an issuer that allows it`,
      () => signer(alg).sign({ ...GOOD, iss: 'https://all.example' }),
      'allowed',
    ],
  ),
  ...ALGORITHMS.map(
    (alg): Row => [
      `${alg} with the default list`,
      () => signer(alg).sign(GOOD),
      ALLOWED.includes(alg) ? 'allowed' : 'token-algorithm',
    ],
  ),
  ...['HS256', 'HS384', 'HS512'].map(
    (alg): Row => [
      `${alg} with the public key`,
      () => forgeHmac(signer('RS256').pem, { alg, kid: 'RS256', typ: 'JWT' }),
      'token-algorithm',
    ],
  ),
  ...[
    'none',
    'None',
    'NONE',
    '',
    'es256',
    'ES256 ',
    'ES256K',
    'RS1',
    'dir',
    'RSA-OAEP',
    'A256KW',
    'ML-DSA-65',
    '__proto__',
  ].map((alg): Row => [`the algorithm ${JSON.stringify(alg)}`, () => forge(header({ alg }), GOOD), 'token-algorithm']),
  ...[undefined, null, 7, true, ['ES256'], { a: 'ES256' }].map(
    (alg): Row => [
      `the algorithm ${JSON.stringify(alg)}, which is no text`,
      () => forge(header({ alg }), GOOD),
      'token-malformed',
    ],
  ),
  ...ALLOWED.filter((alg) => alg !== 'ES256').map(
    (alg): Row => [
      `ES256's signature under the name of ${alg}`,
      async () => {
        const [, body, signature] = (await signer('ES256').sign(GOOD)).split('.')
        return `${Buffer.from(JSON.stringify({ alg, kid: alg })).toString('base64url')}.${body}.${signature}`
      },
      'token-signature',
    ],
  ),
  ...ALLOWED.filter((alg) => alg !== 'ES256').map(
    (alg): Row => [
      `${alg} with the key id of an ES256 key`,
      () => signer(alg).sign(GOOD, { kid: 'ES256' }),
      'token-key-unknown',
    ],
  ),
]

const headers: Row[] = [
  ...['unknown', '', 'es256', 'ES256\0', '../ES256', 'constructor'].map(
    (kid): Row => [`the key id ${JSON.stringify(kid)}`, () => signer('ES256').sign(GOOD, { kid }), 'token-key-unknown'],
  ),
  ...['JWT', 'jwt', 'at+jwt', 'application/at+jwt'].map(
    (typ): Row => [`the type ${typ}`, () => signer('ES256').sign(GOOD, { typ }), 'allowed'],
  ),
  ...['JWE', 'dpop+jwt', 'logout+jwt', 'secevent+jwt', 'JOSE', '', 7, null, ['JWT']].map(
    (typ): Row => [`the type ${JSON.stringify(typ)}`, () => forge(header({ typ }), GOOD), 'token-malformed'],
  ),
  ...[{ crit: ['exp'] }, { crit: [] }, { crit: 'exp' }, { crit: null }, { b64: false }, { b64: true }].map(
    (part): Row => [`a header with ${JSON.stringify(part)}`, () => forge(header(part), GOOD), 'token-malformed'],
  ),
  ['a header that is a list', () => forge([], GOOD), 'token-malformed'],
  ['a header that is no JSON', () => forge('{', GOOD), 'token-malformed'],
  ['no signature', async () => (await signer('ES256').sign(GOOD)).replace(/[^.]*$/, ''), 'token-signature'],
  ['half a signature', async () => (await signer('ES256').sign(GOOD)).slice(0, -42), 'token-signature'],
  ['the signature of another token', swapped, 'token-signature'],
]

async function swapped(): Promise<string> {
  const [head, body] = (await signer('ES256').sign(GOOD)).split('.')
  return `${head}.${body}.${(await signer('ES256').sign({ ...GOOD, sub: 'other' })).split('.')[2]}`
}

const issuers: Row[] = [
  ...[undefined, null, '', 7, true, [ISSUER], { iss: ISSUER }].map((iss) =>
    claims(`with the iss ${JSON.stringify(iss)}`, { iss }, 'token-claims'),
  ),
  ...[
    `${ISSUER}/`,
    ISSUER.toUpperCase(),
    `${ISSUER}:443`,
    `${ISSUER}.evil.example`,
    `${ISSUER}/realm`,
    `${ISSUER}#x`,
    `${ISSUER}?x`,
    ` ${ISSUER}`,
    `${ISSUER}\0`,
    ISSUER.replace('https:', 'http:'),
    ISSUER.replace('issuer', '\u0456ssuer'),
    'local',
    '*',
  ].map((iss) => claims(`with the iss ${JSON.stringify(iss)}`, { iss }, 'token-issuer-unknown')),
  [
    'the key of one issuer for the name of none',
    () => signer('ES256').sign({ ...GOOD, iss: 'https://x' }),
    'token-issuer-unknown',
  ],
]

const audiences: Row[] = [
  ...[
    undefined,
    null,
    7,
    true,
    [],
    [7],
    [[AUDIENCE]],
    [AUDIENCE, 7],
    { aud: AUDIENCE },
    '',
    '*',
    'docker',
    AUDIENCE.toUpperCase(),
    `${AUDIENCE} `,
    `${AUDIENCE}.evil`,
    `${AUDIENCE},other`,
    ['a', 'b'],
  ].map((aud) => claims(`with the aud ${JSON.stringify(aud)}`, { aud }, 'token-audience')),
  claims('with the audience in a list', { aud: ['a', AUDIENCE] }, 'allowed'),
]

const times: Row[] = [
  claims('without exp', { exp: undefined }, 'token-claims'),
  ...wrongTimes('exp'),
  claims('with an exp of 0', { exp: 0 }, 'token-expired'),
  claims('with a negative exp', { exp: -1 }, 'token-expired'),
  claims('with an exp beyond all dates', { exp: 1e15 }, 'token-claims'),
  claims('with an exp in milliseconds', { exp: NOW * 1000 }, 'allowed'),
  claims('that have just expired', { exp: NOW - 30 }, 'token-expired'),
  claims('that have expired within the tolerance', { exp: NOW - 29 }, 'allowed'),
  claims('without nbf', { nbf: undefined }, 'allowed'),
  ...wrongTimes('nbf'),
  claims('with an nbf within the tolerance', { nbf: NOW + 30 }, 'allowed'),
  claims('with an nbf beyond the tolerance', { nbf: NOW + 31 }, 'token-not-yet-valid'),
  claims('with an nbf behind exp', { nbf: NOW + 400 }, 'token-not-yet-valid'),
  claims('without iat', { iat: undefined }, 'allowed'),
  ...wrongTimes('iat'),
  claims('with an iat within the tolerance', { iat: NOW + 30 }, 'allowed'),
  claims('with an iat beyond the tolerance', { iat: NOW + 31 }, 'token-not-yet-valid'),
  claims('with an iat in milliseconds', { iat: NOW * 1000 }, 'token-not-yet-valid'),
]

const others: Row[] = [
  ...[
    undefined,
    null,
    '',
    7,
    true,
    ['ci'],
    { sub: 'ci' },
    'x'.repeat(257),
    'ci\n',
    'c\u202ei',
    'c\u200bi',
    'ci\ud800',
  ].map((sub) => claims(`with the sub ${JSON.stringify(sub)?.slice(0, 20)}`, { sub }, 'token-claims')),
  ...[null, 'x', {}, [], { jkt: 'x' }, { 'x5t#S256': 7 }, { 'x5t#S256': 'A'.repeat(43) }].map((cnf) =>
    claims(`with the cnf ${JSON.stringify(cnf)}`, { cnf }, 'token-confirmation'),
  ),
  claims('nested 17 deep', { a: JSON.parse(`${'['.repeat(17)}${']'.repeat(17)}`) }, 'token-claims'),
  claims('of 5000 values', { a: Array.from({ length: 5000 }, () => 0) }, 'token-claims'),
  [
    'claims with a number beyond all numbers',
    () => signer('ES256').signText(payload({ a: 'N' }).replace('"N"', '1e999')),
    'token-claims',
  ],
  ['claims that are a list', () => signer('ES256').signText('[]'), 'token-malformed'],
  ['claims that are no JSON', () => signer('ES256').signText('{"iss"'), 'token-malformed'],
  [
    'claims that are another token',
    async () => signer('ES256').signText(await signer('ES256').sign(GOOD)),
    'token-malformed',
  ],
  ['claims with a byte order mark', () => signer('ES256').signText(`\ufeff${payload({})}`), 'token-malformed'],
]

const TABLE = [...algorithms, ...headers, ...issuers, ...audiences, ...times, ...others]

describe('T120 T121 every way in which a token can be wrong', () => {
  it.each(TABLE)('%s', async (_what, make, reason) => {
    const token = await make()
    const outcome = await Promise.resolve()
      .then(() => authenticator.authenticate(bearer(token)))
      .then(
        () => 'allowed',
        (error: unknown) => error,
      )
    if (!(outcome instanceof Refusal)) return expect(outcome).toBe(reason)
    expect(outcome.reason).toBe(reason)
    for (const part of token.split('.').filter(({ length }) => length > 16)) expect(outcome.message).not.toContain(part)
  })

  it('is a table of more than 120 tokens, of which those that are good are few', () => {
    expect(TABLE.length).toBeGreaterThan(120)
    expect(TABLE.filter(([, , reason]) => reason === 'allowed').length).toBeLessThan(40)
    expect(new Set(TABLE.map(([what]) => what)).size).toBe(TABLE.length)
  })
})
