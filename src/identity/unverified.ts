import { Refusal } from '../refusal.ts'
import { quoted } from '../text.ts'

/** What an unverified token says, read only to choose whose keys shall verify it. Never a principal. */
export interface UnverifiedToken {
  readonly algorithm: string
  readonly issuer: string
  readonly audience: readonly string[]
}

/** RFC 6750 section 2.1: the characters of a bearer token. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/
const BASE64URL = /^[A-Za-z0-9_-]*$/
/** RFC 7519 section 5.1 and RFC 9068 section 2.1, with and without the `application/` that may be left out. */
const TYPES: ReadonlySet<string> = new Set(['jwt', 'application/jwt', 'at+jwt', 'application/at+jwt'])

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the header and payload of a signed JWT (RFC 7519, JWS compact form) strictly and without trusting them:
 * canonical base64url, JSON objects, no critical extension (none is understood), no unencoded payload (RFC 7797), and
 * a type that is an access token's (RFC 8725 section 3.11). Keys that a header brings or points to (jwk, jku, x5u,
 * x5c) are never looked at.
 *
 * @throws Refusal credentials-malformed, token-malformed, token-claims (no `iss`), token-audience (`aud` of a wrong type)
 */
export function readUnverified(token: string): UnverifiedToken {
  if (!BEARER_TOKEN.test(token)) {
    throw new Refusal(
      'credentials-malformed',
      'the Bearer token has characters that no token has; send exactly one token and nothing behind it',
    )
  }
  const [header, payload, signature, ...rest] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) throw notThree(rest)
  const head = readObject(header, 'header')
  const claims = readObject(payload, 'payload')
  decode(signature, 'signature')
  const { alg, crit, b64, typ } = head
  if (typeof alg !== 'string') throw malformed('its header names no algorithm')
  if (crit !== undefined) throw malformed('its header demands an extension ("crit"), and none is understood here')
  if (b64 !== undefined) throw malformed('its header has "b64", which no JWT may have')
  if (typ !== undefined && (typeof typ !== 'string' || !TYPES.has(typ.toLowerCase()))) {
    throw malformed('its type ("typ") is neither JWT nor at+jwt, so it was made for another purpose')
  }
  if (typeof claims.iss !== 'string' || claims.iss === '') {
    throw new Refusal('token-claims', 'the token does not say who issued it ("iss")')
  }
  return { algorithm: alg, issuer: claims.iss, audience: readAudience(claims.aud) }
}

/** RFC 7519 section 4.1.3: one string or an array of strings; absent is empty. */
function readAudience(aud: unknown): readonly string[] {
  if (aud === undefined) return []
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (list.every((one) => typeof one === 'string')) return list
  throw new Refusal('token-audience', 'the token\'s audience ("aud") is neither a text nor a list of texts')
}

/** The audiences of a token for a message: the first few, made fit to be shown. */
export function showAudience(audience: readonly string[]): string {
  if (audience.length === 0) return 'no audience'
  const shown = audience.slice(0, 3).map((one) => quoted(one, 128))
  return audience.length > 3 ? `${shown.join(', ')} and others` : shown.join(', ')
}

function readObject(part: string, name: string): Record<string, unknown> {
  const bytes = decode(part, name)
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch {
    throw malformed(`its ${name} is not JSON`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(`its ${name} is no JSON object`)
  return Object.assign(Object.create(null), value)
}

/** RFC 7515 section 2: no padding; and one spelling only, so that one token has one hash. */
function decode(part: string, name: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  if (!BASE64URL.test(part) || bytes.toString('base64url') !== part) throw malformed(`its ${name} is not base64url`)
  return bytes
}

function notThree(rest: readonly string[]): Refusal {
  if (rest.length === 2) return malformed('it is encrypted (JWE); ask the issuer for a signed one')
  return malformed('it is not three parts with dots between; an opaque token cannot be verified here')
}

function malformed(what: string): Refusal {
  return new Refusal('token-malformed', `the token is not a signed JWT that this gate reads: ${what}`)
}
