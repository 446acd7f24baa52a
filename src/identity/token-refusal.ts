import { errors } from 'jose'
import { Refusal } from '../refusal.ts'
import { quoted } from '../text.ts'
import { KeysUnavailable } from './fetch.ts'
import type { TokenIssuer } from './token-issuer.ts'
import type { UnverifiedToken } from './unverified.ts'

/**
 * Turns what went wrong while a token was verified into a refusal. jose's errors carry the token's payload, so none of
 * them becomes the refusal's cause; a failed fetch has nothing of the token and does.
 *
 * @param now milliseconds since the epoch
 */
export function explain(error: unknown, issuer: TokenIssuer, token: UnverifiedToken, now: number): Refusal {
  const { name, jwt } = issuer
  if (error instanceof KeysUnavailable) {
    const message = `the keys of issuer "${name}" cannot be had at the moment, so no token of it can be verified; try again soon`
    return new Refusal('issuer-unavailable', message, { cause: error })
  }
  if (error instanceof errors.JWTExpired) {
    const ago = span(now / 1000 - Number(error.payload.exp))
    return new Refusal('token-expired', `the token expired ${ago} ago (exp); get a new one (${clockAt(now)})`)
  }
  if (error instanceof errors.JWTClaimValidationFailed) return explainClaim(error, now)
  if (error instanceof errors.JOSEAlgNotAllowed) {
    const allowed = jwt.algorithms.join(', ')
    const message = `the token is signed with ${quoted(token.algorithm, 32)}; issuer "${name}" may use ${allowed} only`
    return new Refusal('token-algorithm', message)
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    const hint = 'if the issuer has just changed its keys, try again in 30 seconds'
    return new Refusal('token-key-unknown', `issuer "${name}" has no key for this token; ${hint}`)
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new Refusal('token-signature', `the token's signature does not verify with the keys of issuer "${name}"`)
  }
  if (error instanceof errors.JOSEError) {
    return new Refusal('token-malformed', 'the token is not a signed JWT that this gate reads')
  }
  // jose refuses a key that is too short or of another kind with a TypeError.
  if (error instanceof TypeError) {
    return new Refusal(
      'token-key-unknown',
      `the key of issuer "${name}" for this token is too weak, or not for its algorithm`,
    )
  }
  return new Refusal('internal', 'the token could not be checked')
}

/** Claims are checked after the signature: what is wrong here was written by the issuer. */
function explainClaim(error: errors.JWTClaimValidationFailed, now: number): Refusal {
  const { claim, reason, payload } = error
  if (claim === 'nbf' && reason === 'check_failed') return notYetValid('nbf', Number(payload.nbf), now)
  const what = CLAIMS.has(claim) ? `"${claim}"` : 'a claim'
  const wrong = reason === 'missing' ? `has no ${what}, which this gate requires` : `has ${what} of a wrong type`
  return new Refusal('token-claims', `the token ${wrong}`)
}

const CLAIMS: ReadonlySet<string> = new Set(['exp', 'iat', 'nbf', 'sub'])

/** The refusal of a token whose `nbf` or `iat` (seconds since the epoch) lies ahead of `now` (milliseconds). */
export function notYetValid(claim: 'nbf' | 'iat', from: number, now: number): Refusal {
  const ahead = span(from - now / 1000)
  const what =
    claim === 'iat' ? `was issued ${ahead} in the future (iat)` : `is not valid before ${ahead} from now (nbf)`
  return new Refusal(
    'token-not-yet-valid',
    `the token ${what}: a clock is off, the issuer's or the gate's (${clockAt(now)})`,
  )
}

/** Which of two clocks is off is seen by whoever knows the time. */
function clockAt(now: number): string {
  return `this gate's clock says ${new Date(now).toISOString().slice(0, 19)}Z`
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** Seconds as a person says them: `3 minutes`, `1 day`. */
function span(seconds: number): string {
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? (['second', 1] as const)
  const count = Math.max(0, Math.floor(seconds / size))
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
