import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { LRUCache } from 'lru-cache'

/** A configured issuer of certificates. */
export interface CertificateIssuer {
  readonly name: string
  readonly authorities: readonly X509Certificate[]
}

/** Who stands behind a certificate. Times are milliseconds since the epoch. */
export interface Standing {
  readonly issuer: string
  /** The first moment at which something on the path to the authority has ended. */
  readonly notAfter: number
}

/** Certificates between a leaf and an authority. Real paths have one or two. */
const MAX_INTERMEDIATES = 8
const MAX_REMEMBERED = 256
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/**
 * Reads a bundle of authorities in PEM. A certificate in it that is no authority's vouches for nobody and is left out.
 *
 * @param path where the file stands in the configuration, for messages
 * @throws Error with a message for the operator
 */
export function readAuthorities(path: string, file: string): readonly X509Certificate[] {
  const blocks = readFileSync(file, 'utf8').match(CERTIFICATE) ?? []
  let authorities: readonly X509Certificate[]
  try {
    authorities = blocks.map((block) => new X509Certificate(block)).filter(({ ca }) => ca)
  } catch (error) {
    throw new Error(`${path}: a certificate in ${file} cannot be read`, { cause: error })
  }
  if (authorities.length === 0) throw new Error(`${path}: ${file} holds no authority's certificate in PEM form`)
  return authorities
}

/**
 * Makes the function that finds the first issuer, in the configuration's order, one of whose authorities has signed the
 * leaf, directly or through intermediates. It says who stands behind a certificate that the TLS handshake has verified
 * already (RFC 5280 section 6, name constraints and path lengths included), and checks every signature itself.
 *
 * A resumed TLS session has the leaf but not the chain (OpenSSL keeps no more in a session), and some releases of Node
 * show a server no chain at all (nodejs/node#65579). So intermediates that an authority is found to stand behind are
 * remembered, and one that is listed among the authorities needs not be presented.
 */
export function createAttribution(
  issuers: readonly CertificateIssuer[],
): (leaf: X509Certificate, presented: readonly X509Certificate[], now: number) => Standing | null {
  const remembered = new LRUCache<string, X509Certificate>({ max: MAX_REMEMBERED })

  return function standingOf(leaf, presented, now) {
    const intermediates = [...presented, ...remembered.values()]
    for (const { name, authorities } of issuers) {
      const path = pathTo(authorities, leaf, new Set(intermediates), now, 0)
      if (path === null) continue
      for (const intermediate of path.slice(0, -1)) remembered.set(intermediate.fingerprint256, intermediate)
      return { issuer: name, notAfter: Math.min(...path.map(({ validToDate }) => validToDate.getTime())) }
    }
    return null
  }
}

/** The certificates above `certificate`, the authority last; null when there is no path. Each intermediate is tried once. */
function pathTo(
  authorities: readonly X509Certificate[],
  certificate: X509Certificate,
  untried: Set<X509Certificate>,
  now: number,
  depth: number,
): readonly X509Certificate[] | null {
  const authority = authorities.find((one) => isCurrent(one, now) && hasSigned(one, certificate))
  if (authority !== undefined) return [authority]
  if (depth === MAX_INTERMEDIATES) return null
  for (const intermediate of untried) {
    if (!intermediate.ca || !isCurrent(intermediate, now) || !hasSigned(intermediate, certificate)) continue
    untried.delete(intermediate)
    const above = pathTo(authorities, intermediate, untried, now, depth + 1)
    if (above !== null) return [intermediate, ...above]
  }
  return null
}

/** True within the certificate's life; `now` is milliseconds since the epoch. */
export function isCurrent({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now < validToDate.getTime()
}

/** `checkIssued` compares names, key identifiers and key usage; only `verify` proves anything. */
function hasSigned(authority: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
  } catch {
    return false
  }
}
