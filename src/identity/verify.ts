import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { JwtIssuerConfig } from '../config/schema.ts'
import { Refusal } from '../refusal.ts'
import { quoted } from '../text.ts'
import { readClaims } from './claims.ts'
import { KeysUnavailable } from './fetch.ts'
import { hasInvisible } from './invisible.ts'
import type { IssuerKeys, KeySet } from './issuer-keys.ts'
import type { Principal } from './principal.ts'
import type { TokenIssuer } from './token-issuer.ts'
import { explain, notYetValid } from './token-refusal.ts'
import { readUnverified, showAudience, type UnverifiedToken } from './unverified.ts'

/** Keys tried for a token without a key id; more would make one request cost what a hundred do. */
const MAX_KEYS_TRIED = 8
const MAX_SUBJECT_LENGTH = 256
/** The last second that a JavaScript Date can hold. */
const LAST_SECOND = 8.64e12
/** Reasons that say "not this issuer's key". Any other one ends the search: the token is this issuer's, or nobody knows. */
const WRONG_KEY: ReadonlySet<string> = new Set(['token-algorithm', 'token-key-unknown', 'token-signature'])

/** A principal, and the keys that prove it: it stands as long as they hold. */
export interface Verified {
  readonly principal: Principal
  readonly keys: IssuerKeys
  readonly set: KeySet
}

/**
 * Makes the function that verifies a token (RFC 7519, RFC 8725). The unverified `iss` and `aud` choose among the
 * issuers, in the order of the configuration; when several fit, the first whose key verifies the token decides.
 *
 * The proof ends at `exp` plus the issuer's clock tolerance: that second is the principal's `expiresAt`, and from it
 * on the token is refused, here and in the cache alike.
 *
 * @param now milliseconds since the epoch
 * @returns a function that rejects with a Refusal, whose message has nothing of the token but its iss, aud and alg
 */
export function createVerifier(
  issuers: readonly TokenIssuer[],
  now: () => number,
): (token: string) => Promise<Verified> {
  return async function verify(token) {
    const unverified = readUnverified(token)
    let first: Refusal | null = null
    for (const issuer of candidates(issuers, unverified)) {
      try {
        return await verifyWith(issuer, token, unverified, now())
      } catch (error) {
        const refusal = error instanceof Refusal ? error : explain(error, issuer, unverified, now())
        if (!WRONG_KEY.has(refusal.reason)) throw refusal
        first ??= refusal
      }
    }
    throw first ?? new Refusal('internal', 'the token could not be checked')
  }
}

function candidates(issuers: readonly TokenIssuer[], token: UnverifiedToken): readonly TokenIssuer[] {
  const same = issuers.filter(({ jwt }) => jwt.issuer === token.issuer)
  if (same.length === 0) {
    throw new Refusal('token-issuer-unknown', `no configured issuer is ${quoted(token.issuer)}, which issued the token`)
  }
  const fitting = same.filter(({ jwt }) => audiences(jwt).some((one) => token.audience.includes(one)))
  if (fitting.length > 0) return fitting
  const expected = same.flatMap(({ jwt }) => audiences(jwt)).map((one) => quoted(one))
  throw new Refusal(
    'token-audience',
    `the token is for ${showAudience(token.audience)}; this gate expects ${[...new Set(expected)].join(' or ')}`,
  )
}

const audiences = ({ audience }: JwtIssuerConfig): readonly string[] =>
  typeof audience === 'string' ? [audience] : audience

/** Whether a token with these claims is one of the issuer's, and for the gate: what it says, not who signed it. */
export function isFor(jwt: JwtIssuerConfig, { claims: { iss, aud } }: Principal): boolean {
  const named = Array.isArray(aud) ? aud : [aud]
  return iss === jwt.issuer && audiences(jwt).some((one) => named.includes(one))
}

async function verifyWith(
  issuer: TokenIssuer,
  token: string,
  unverified: UnverifiedToken,
  now: number,
): Promise<Verified> {
  const { name, jwt } = issuer
  const tolerance = jwt.clockTolerance / 1000
  if (!jwt.algorithms.some((one) => one === unverified.algorithm)) throw new errors.JOSEAlgNotAllowed()
  const { payload, set } = await verifySignature(issuer.keys, token, {
    algorithms: [...jwt.algorithms],
    issuer: jwt.issuer,
    audience: [...audiences(jwt)],
    requiredClaims: ['exp', 'sub'],
    clockTolerance: tolerance,
    currentDate: new Date(now),
  })
  const claims = readClaims(payload)
  const { exp = Number.NaN, iat } = payload
  if (!(exp >= 0 && exp <= LAST_SECOND)) throw new Refusal('token-claims', 'the token\'s "exp" is no point in time')
  // jose looks at iat only with a maximum age: a token from the future is a clock, or a forgery, gone wrong.
  if (iat !== undefined && iat > Math.floor(now / 1000) + tolerance) throw notYetValid('iat', iat, now)
  const subject = readSubject(payload.sub)
  const principal = Object.freeze({ issuer: name, subject, claims, certificate: null, expiresAt: exp + tolerance })
  return { principal, keys: issuer.keys, set }
}

/** A key that the issuer has but the set has not is looked for once in a newer set. */
async function verifySignature(
  keys: IssuerKeys,
  token: string,
  options: JWTVerifyOptions,
): Promise<{ readonly payload: JWTPayload; readonly set: KeySet }> {
  const set = await keys.ready()
  try {
    return { payload: await verifyWithSet(set, token, options), set }
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    const newer = await keys.newer(set)
    if (newer === null) throw error
    return { payload: await verifyWithSet(newer, token, options), set: newer }
  }
}

/** A token without a key id may fit several keys of the issuer: they are tried in the issuer's order. */
async function verifyWithSet({ find }: KeySet, token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keyFinder(find), options)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    let tried = 0
    for await (const key of error) {
      tried += 1
      if (tried > MAX_KEYS_TRIED) break
      try {
        return (await jwtVerify(token, key, options)).payload
      } catch (wrong) {
        if (!(wrong instanceof errors.JWSSignatureVerificationFailed)) throw wrong
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

/** What goes wrong while a key is found is the issuer's fault, unless jose says that the token asks for another key. */
function keyFinder(find: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await find(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error
      throw new KeysUnavailable('a key of the issuer cannot be read', { cause: error })
    }
  }
}

/**
 * RFC 7519 section 4.1.2. It names the principal in records and conditions, so it must be visible as what it is.
 *
 * @throws Refusal token-claims
 */
export function readSubject(sub: unknown): string {
  if (typeof sub !== 'string' || sub === '')
    throw new Refusal('token-claims', 'the token\'s "sub" is no text, or empty')
  if (sub.length > MAX_SUBJECT_LENGTH) {
    throw new Refusal('token-claims', `the token's "sub" is longer than ${MAX_SUBJECT_LENGTH} characters`)
  }
  if (hasInvisible(sub)) throw new Refusal('token-claims', 'the token\'s "sub" has control or invisible characters')
  return sub
}
