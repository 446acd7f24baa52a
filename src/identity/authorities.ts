import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { LRUCache } from 'lru-cache'

/** Intermediate authorities that are remembered: real issuers have a handful. */
const MAX_REMEMBERED = 256
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2'
const ANY_USAGE = '2.5.29.37.0'

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

/** Where a path may lead: to one of these authorities, through at most `depth` others. */
export interface Anchors {
  readonly authorities: readonly X509Certificate[]
  readonly depth: number
}

/**
 * Makes the function that finds the shortest path from a leaf to one of the authorities, directly or through
 * intermediates: the leaf first, the authority last; null when there is none. It says who stands behind a certificate
 * that the TLS handshake has verified already (RFC 5280 section 6, name constraints and path lengths included), and
 * checks every signature itself.
 *
 * A resumed TLS session has the leaf but not the chain (OpenSSL keeps no more in a session), and some releases of Node
 * show a server no chain at all (nodejs/node#65579). So intermediates that an authority is found to stand behind are
 * remembered, and one that is listed among the authorities needs not be presented.
 */
export function createPathFinder(): (
  anchors: Anchors,
  leaf: X509Certificate,
  presented: readonly X509Certificate[],
  now: number,
) => readonly X509Certificate[] | null {
  const remembered = new LRUCache<string, X509Certificate>({ max: MAX_REMEMBERED })

  return function pathOf(anchors, leaf, presented, now) {
    const path = shortestPath(anchors, leaf, [...presented, ...remembered.values()], now)
    if (path !== null) for (const one of path.slice(1, -1)) remembered.set(one.fingerprint256, one)
    return path
  }
}

function shortestPath(
  { authorities, depth }: Anchors,
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  now: number,
): readonly X509Certificate[] | null {
  // Each is tried once: the first way that reaches it is as short as any.
  const untried = new Set(intermediates)
  let ways: (readonly X509Certificate[])[] = [[leaf]]
  for (let between = 0; ways.length > 0; between += 1) {
    for (const way of ways) {
      const authority = signerOf(way, authorities, now)
      if (authority !== undefined) return [...way, authority]
    }
    if (between === depth) return null
    ways = ways.flatMap((way) => {
      const next = [...untried].filter((one) => hasIssued(one, way.at(-1), now))
      for (const one of next) untried.delete(one)
      return next.map((one) => [...way, one])
    })
  }
  return null
}

function signerOf(way: readonly X509Certificate[], authorities: readonly X509Certificate[], now: number) {
  return authorities.find((authority) => hasIssued(authority, way.at(-1), now))
}

/**
 * A path that ends at an intermediate authority, because that is configured too, with the configured authorities above
 * it: those may have revoked it.
 */
export function extendedPath(
  path: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  now: number,
): readonly X509Certificate[] {
  const extended = [...path]
  for (;;) {
    const above = signerOf(extended, authorities, now)
    if (above === undefined || extended.includes(above)) return extended
    extended.push(above)
  }
}

/** True within the certificate's life; `now` is milliseconds since the epoch. */
export function isCurrent({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now < validToDate.getTime()
}

/** `checkIssued` compares names, key identifiers and key usage; only `verify` proves anything. */
function hasIssued(authority: X509Certificate, certificate: X509Certificate | undefined, now: number): boolean {
  if (certificate === undefined || !authority.ca || !isCurrent(authority, now) || !isForClients(authority)) return false
  try {
    return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
  } catch {
    return false
  }
}

/** An authority may be limited to purposes as well; Node calls the extended key usage keyUsage. */
function isForClients({ keyUsage }: X509Certificate): boolean {
  const usages: readonly string[] | undefined = keyUsage
  return usages === undefined || usages.includes(CLIENT_AUTHENTICATION) || usages.includes(ANY_USAGE)
}
