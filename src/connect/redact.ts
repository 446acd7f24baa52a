/** Three parts of base64url with dots between (RFC 7515 section 7.1), the first a JSON object: `{"` is `eyJ`. */
const JWT = /\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*/g
/** RFC 6750: what follows the scheme. */
const BEARER = /\b(bearer|basic)[ \t]+[^\s"']+/gi

/** The text without what looks like a token: for what other programs said, and for options that were mixed up. */
export function withoutTokens(text: string): string {
  return text.replaceAll(JWT, '[token]').replaceAll(BEARER, '$1 [token]')
}
