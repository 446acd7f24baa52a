import { hash, type X509Certificate } from 'node:crypto'

/** The pin of a certificate's key: SHA-256 of its SubjectPublicKeyInfo in base64, as RFC 7469 section 2.4 has it. */
export function pinOf({ publicKey }: X509Certificate): string {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'base64')
}
