import type { CertificateIssuerConfig, IssuerConfig } from '../config/schema.ts'

export interface IssuerDescription {
  readonly name: string
  readonly kind: 'jwt' | 'certificate'
  /** The token's `iss`, or the files with the certificate authorities. */
  readonly source: string
  /** Which certificates it takes; null for an issuer of tokens. */
  readonly certificates: CertificatesDescription | null
}

/** All that are given must hold. */
interface CertificatesDescription {
  /** Files, of which one must have the authority on the certificate's path. */
  readonly authorities: readonly string[]
  /** Most intermediate authorities on the way there. */
  readonly depth: number
  /** Files and folders; empty where nothing is looked up. */
  readonly crl: readonly string[]
  /** Of public keys; empty for any. */
  readonly pins: readonly string[]
  /** Patterns by what they are for: `subject.O`, `san.dns`. */
  readonly patterns: Readonly<Record<string, readonly string[]>>
  /** The trust domain of SPIFFE IDs; null where none are asked for. */
  readonly spiffe: string | null
}

/** Describes one value of `issuers`. */
export function describeIssuer(name: string, { jwt, certificate }: IssuerConfig): IssuerDescription {
  if (certificate === undefined) return { name, kind: 'jwt', source: jwt?.issuer ?? '', certificates: null }
  const source = certificate.authorities.join(', ')
  return { name, kind: 'certificate', source, certificates: describeCertificates(certificate) }
}

function describeCertificates(certificate: CertificateIssuerConfig): CertificatesDescription {
  const { authorities, depth, crl = [], pins = [], subject = {}, san = {}, spiffe = null } = certificate
  const patterns: Record<string, readonly string[]> = {}
  for (const [part, rules] of Object.entries({ subject, san })) {
    for (const [kind, wanted] of Object.entries(rules)) if (wanted !== undefined) patterns[`${part}.${kind}`] = wanted
  }
  return { authorities, depth, crl, pins, patterns, spiffe }
}
