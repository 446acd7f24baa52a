import { Refusal } from '../refusal.ts'

/** Characters. Real tokens have one to four thousand; what is longer is not looked at. */
const MAX_TOKEN_LENGTH = 16 * 1024

const FORM = 'send exactly one header, "Authorization: Bearer <token>"'

/** A header in which a listener's tokens come instead of Authorization. */
export interface TokenHeader {
  readonly name: string
  /** Every value of it, as received. */
  readonly values: readonly string[]
}

/** Schemes that may be named in a message. Anything else in front of a space could be a part of a secret. */
const OTHER_SCHEMES: ReadonlyMap<string, string> = new Map(
  ['Basic', 'Digest', 'DPoP', 'Negotiate', 'NTLM', 'Token'].map((scheme) => [scheme.toLowerCase(), scheme]),
)

/**
 * The token in `Authorization: Bearer <token>` (RFC 6750 section 2.1); null when there is no such header. The scheme
 * is taken in any case, followed by exactly one space. The token's own characters are for `readUnverified` to judge.
 *
 * @param authorization every value of the header, as received
 * @throws Refusal credentials-malformed; token-malformed when the token is longer than 16 KiB
 */
export function readBearer(authorization: readonly string[]): string | null {
  const value = authorization[0]
  if (value === undefined) return null
  if (authorization.length > 1) throw malformed('the request has several Authorization headers', FORM)
  const space = value.indexOf(' ')
  if (space === -1) throw malformed('the Authorization header has no scheme in front of its value', FORM)
  const scheme = value.slice(0, space).toLowerCase()
  if (scheme !== 'bearer') {
    const known = OTHER_SCHEMES.get(scheme)
    throw malformed(`the Authorization header is not of the Bearer scheme${known ? ` but ${known}` : ''}`, FORM)
  }
  const token = value.slice(space + 1)
  if (token === '') throw malformed('the Authorization header has no token', FORM)
  if (token.startsWith(' ')) throw malformed('more than one space stands between "Bearer" and the token', FORM)
  return ofReadableLength(token)
}

/**
 * The token in a header of the listener's own, which holds it alone; null when there is no such header.
 *
 * @throws Refusal credentials-malformed; token-malformed when the token is longer than 16 KiB
 */
export function readTokenHeader({ name, values }: TokenHeader): string | null {
  const [token] = values
  if (token === undefined) return null
  const form = `send exactly one header, "${name}: <token>"`
  if (values.length > 1) throw malformed(`the request has several ${name} headers`, form)
  if (token === '') throw malformed(`the ${name} header is empty`, form)
  if (token.includes(' ')) throw malformed(`the ${name} header has more than a token, which stands alone there`, form)
  return ofReadableLength(token)
}

function ofReadableLength(token: string): string {
  if (token.length > MAX_TOKEN_LENGTH) throw new Refusal('token-malformed', 'the token is longer than 16 KiB')
  return token
}

function malformed(what: string, form: string): Refusal {
  return new Refusal('credentials-malformed', `${what}; ${form}`)
}
