import type { X509Certificate } from 'node:crypto'
import { Refusal } from '../refusal.ts'
import { quoted } from '../text.ts'
import { createPathFinder, extendedPath } from './authorities.ts'
import { subjectAttributes, untrusted } from './certificate.ts'
import type { CertificateRule } from './certificate-rules.ts'
import type { CertificateFacts } from './principal.ts'
import type { createRevocation, RevocationStatus } from './revocation.ts'

/** A configured issuer of certificates. */
export interface CertificateIssuer {
  readonly name: string
  readonly authorities: readonly X509Certificate[]
  /** How many other authorities there may be between a leaf and one of these. */
  readonly depth: number
  readonly rules: readonly CertificateRule[]
  /** Its certificates are known by their SPIFFE ID. */
  readonly isSpiffe: boolean
  /** Null: nothing is looked up. */
  readonly revocation: ReturnType<typeof createRevocation> | null
}

/** Who stands behind a certificate. Times are milliseconds since the epoch. */
export interface Standing {
  readonly issuer: CertificateIssuer
  /** The first moment at which something on the path to the authority has ended. */
  readonly notAfter: number
}

/**
 * Makes the function that finds the first issuer, in the configuration's order, that stands behind a leaf: one of its
 * authorities has signed it, its rules take it, and its revocation lists have nothing against it. What one issuer knows
 * to be revoked is so for all whose authorities have signed it.
 *
 * The function throws Refusal certificate-untrusted when there is none, certificate-revoked.
 */
export function createAttribution() {
  const pathOf = createPathFinder()

  return function standingOf(
    issuers: readonly CertificateIssuer[],
    leaf: X509Certificate,
    facts: CertificateFacts,
    presented: readonly X509Certificate[],
    now: number,
  ): Standing {
    const candidates = issuers.flatMap((issuer) => {
      const path = pathOf(issuer, leaf, presented, now)
      if (path === null) return []
      return [{ issuer, path, status: issuer.revocation?.(extendedPath(path, issuer.authorities, now), now) }]
    })
    for (const { status } of candidates) if (status?.kind === 'revoked') throw revoked(status)
    const problems: string[] = []
    for (const { issuer, path, status } of candidates) {
      const problem = problemOf(issuer, leaf, facts, path) ?? (status?.kind === 'unknown' ? status.why : null)
      if (problem === null) return { issuer, notAfter: endOf(path) }
      problems.push(`issuers.${issuer.name} ${problem}`)
    }
    if (problems.length > 0) throw untrusted(`fits no issuer: ${problems.join('; ')}`)
    const issuer = quoted(leaf.issuer?.replaceAll('\n', ',') ?? '')
    const out = 'add the certificate of that authority, intermediate ones too, to the "authorities" of an issuer'
    throw untrusted(`was issued by ${issuer}, and no configured issuer stands behind that; ${out}`)
  }
}

function problemOf(
  { rules }: CertificateIssuer,
  leaf: X509Certificate,
  facts: CertificateFacts,
  path: readonly X509Certificate[],
): string | null {
  if (rules.length === 0) return null
  const ruled = { facts, attributes: subjectAttributes(leaf), path }
  for (const rule of rules) {
    const problem = rule(ruled)
    if (problem !== null) return problem
  }
  return null
}

function endOf(path: readonly X509Certificate[]): number {
  return Math.min(...path.map(({ validToDate }) => validToDate.getTime()))
}

function revoked({ certificate, revocation: { at, reason } }: RevocationStatus & { kind: 'revoked' }): Refusal {
  const what =
    certificate === 0 ? 'the client certificate was' : 'the client certificate comes from an authority that was'
  return new Refusal('certificate-revoked', `${what} revoked on ${at.toISOString()} (${reason})`)
}
