const PREFIX = 'spiffe://'
/** The standard's limit for a whole ID (SPIFFE ID, section 2.3). */
const MOST_BYTES = 2048
const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/
const SEGMENT = /^[A-Za-z0-9._-]+$/

/**
 * The trust domain of a SPIFFE ID (the SPIFFE ID standard, section 2): `acme.example` of `spiffe://acme.example/ci/shop`.
 * Null for everything else: other schemes or cases, ports, user names, queries, fragments, percent-encoding, empty or
 * dotted segments.
 */
export function trustDomainOf(uri: string): string | null {
  if (!uri.startsWith(PREFIX) || uri.length > MOST_BYTES) return null
  const [domain = '', ...segments] = uri.slice(PREFIX.length).split('/')
  const clean = segments.every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..')
  return clean && TRUST_DOMAIN.test(domain) ? domain : null
}
