import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { PkiError } from './errors.ts'

/** A fresh P-256 private key as PKCS #8 PEM (RFC 5958): what Go, OpenSSL and Node all read. */
export function createCertificateKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
}

/** Reads a P-256 private key from PEM; `what` names it in the PkiError for anything else. */
export function readCertificateKey(pem: string, what: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    throw new PkiError(`${what} is not a private key in PEM`, { cause: error })
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new PkiError(`${what} is not a P-256 key, the only kind that this authority works with`)
  }
  return key
}
