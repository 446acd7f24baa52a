import type { X509Certificate } from 'node:crypto'
import type { CertificateIssuerConfig } from '../config/schema.ts'
import { matchesGlob } from '../glob.ts'
import { pinOf } from '../pki/pin.ts'
import { quoted } from '../text.ts'
import type { CertificateFacts } from './principal.ts'
import { trustDomainOf } from './spiffe.ts'

/** What rules look at. */
interface RuledCertificate {
  readonly facts: CertificateFacts
  /** The values of the subject's attributes by their OpenSSL name (`CN`, `O`, …), unescaped. */
  readonly attributes: ReadonlyMap<string, readonly string[]>
  /** The leaf first, the authority last. */
  readonly path: readonly X509Certificate[]
}

/** Why an issuer does not take a certificate, to be put behind its name; null when it does. */
export type CertificateRule = (certificate: RuledCertificate) => string | null

/**
 * Makes the rules by which an issuer takes some of the certificates that its authorities have signed: pinned keys,
 * subject, alternative names, SPIFFE trust domain. All that are configured must hold.
 */
export function createRules(config: CertificateIssuerConfig): readonly CertificateRule[] {
  const { pins, subject = {}, san = {}, spiffe } = config
  const rules: CertificateRule[] = []
  if (pins) rules.push(pinned(new Set(pins)))
  for (const [attribute, patterns] of Object.entries(subject)) {
    if (patterns) rules.push(({ attributes }) => fit(attribute, attributes.get(attribute) ?? [], patterns))
  }
  const { dns, uri, email } = san
  // DNS names are the same in any case (RFC 4343).
  if (dns) rules.push(({ facts }) => fit('dns', facts.dns.map(lowerCase), dns.map(lowerCase)))
  if (uri) rules.push(({ facts }) => fit('uri', facts.uri, uri))
  if (email) rules.push(({ facts }) => fit('email', facts.email, email))
  if (spiffe) rules.push(({ facts }) => inTrustDomain(facts.uri, spiffe))
  return rules
}

/** The key itself, or that of an authority on its path: whoever pins an authority takes what it issues. */
function pinned(pins: ReadonlySet<string>): CertificateRule {
  return ({ path }) => {
    if (path.some((certificate) => pins.has(pinOf(certificate)))) return null
    const [leaf] = path
    return `has pins, and none for this certificate's key${leaf ? ` (${pinOf(leaf)})` : ''} or an authority's above it`
  }
}

/**
 * Every value must fit, and there must be one: a certificate with two common names must not pass by one of them and be
 * known by the other.
 */
function fit(kind: string, values: readonly string[], patterns: readonly string[]): string | null {
  const stray = values.find((value) => !patterns.some((pattern) => matchesGlob(pattern, value)))
  if (stray === undefined && values.length > 0) return null
  const wanted = `takes only ${kind} ${patterns.map((pattern) => quoted(pattern)).join(' or ')}`
  return `${wanted}, and this certificate has ${stray === undefined ? 'none' : quoted(stray)}`
}

/** X.509-SVID, section 2: one URI and no more. */
function inTrustDomain(uris: readonly string[], domain: string): string | null {
  const [uri, ...more] = uris
  if (uri !== undefined && more.length === 0 && trustDomainOf(uri) === domain) return null
  const found = uri === undefined ? 'no URI' : more.length > 0 ? 'several URIs' : quoted(uri)
  return `takes only SPIFFE IDs of the trust domain ${quoted(domain)}, and this certificate has ${found}`
}

/** ASCII letters only: what else toLowerCase folds is no DNS name. */
function lowerCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
