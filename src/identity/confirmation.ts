import { timingSafeEqual } from 'node:crypto'
import { Refusal } from '../refusal.ts'
import { quoted } from '../text.ts'
import type { CertificateFacts, Principal } from './principal.ts'

/**
 * Holds a token that is bound to a certificate to it (RFC 8705 section 3.1, `cnf` with `x5t#S256`): it is good only on a
 * connection whose verified client certificate has that SHA-256 thumbprint. Other confirmation methods (RFC 7800) are
 * not known here, so a token with one is refused rather than taken as if it had none.
 *
 * @param required tokens of this issuer must be bound
 * @throws Refusal `token-confirmation`
 */
export function checkConfirmation(
  { issuer, claims: { cnf } }: Principal,
  certificate: CertificateFacts | null,
  required: boolean,
): void {
  if (cnf === undefined) {
    if (!required) return
    const wanted = 'which must be bound to a client certificate (cnf with x5t#S256, RFC 8705), and is not'
    throw new Refusal('token-confirmation', `the token is one of issuer ${quoted(issuer)}, ${wanted}`)
  }
  const thumbprint = cnf !== null && typeof cnf === 'object' && 'x5t#S256' in cnf ? cnf['x5t#S256'] : null
  if (typeof thumbprint !== 'string') {
    throw new Refusal('token-confirmation', 'the token is bound in a way (cnf) that is not known here')
  }
  if (certificate === null) {
    throw new Refusal('token-confirmation', 'the token is bound to a client certificate, and none came with it')
  }
  const wanted = Buffer.from(thumbprint, 'base64url')
  const given = Buffer.from(certificate.fingerprint, 'hex')
  if (wanted.length !== given.length || !timingSafeEqual(wanted, given)) {
    throw new Refusal('token-confirmation', 'the token is bound to another client certificate')
  }
}
