import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { PkiError } from './errors.ts'

/** The kinds of keys that certificates are made for. */
export const KEY_KINDS = ['p256', 'ed25519'] as const
export type KeyKind = (typeof KEY_KINDS)[number]

/**
 * A fresh private key as PKCS #8 PEM (RFC 5958). Every client copes with P-256; docker, curl and whatever else is made
 * with Go or OpenSSL copes with Ed25519 too, Windows' and macOS' own TLS do not.
 */
export function createCertificateKey(kind: KeyKind = 'p256'): string {
  const { privateKey } =
    kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Reads a P-256 or Ed25519 private key from PEM; `what` names it in the PkiError for anything else. */
export function readCertificateKey(pem: string, what: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    throw new PkiError(`${what} is not a private key in PEM`, { cause: error })
  }
  if (key.asymmetricKeyType !== 'ed25519' && key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new PkiError(`${what} is not a P-256 or Ed25519 key, the only kinds that this authority works with`)
  }
  return key
}
