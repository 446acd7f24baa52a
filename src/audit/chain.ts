import { createHash, createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'

/*
 * A chain of lines: each has the hash of the one before, and every so often a line is signed, which holds for all before
 * it. Hash and signature are over the bytes of a line as it is in the file, without its line feed.
 */

/** The end of a chain. */
export interface Head {
  /** The number of the last line; 0 before the first. */
  readonly seq: number
  /** Its hash, hexadecimal. */
  readonly hash: string
}

/** Before the first line of a chain. */
export const GENESIS: Head = { seq: 0, hash: '0'.repeat(64) }

/** @param line without its line feed */
export function lineHash(line: string | Uint8Array): string {
  return hash('sha256', line, 'hex')
}

/** What signs checkpoints. */
export interface Signer {
  /** Which key it is, for whoever verifies: 16 hexadecimal digits. */
  readonly id: string
  /** Adds the last field, `signature`, to a line of JSON without its line feed. */
  sign(line: string): string
}

/**
 * @param pem an Ed25519 private key (RFC 8410)
 * @throws Error when it is none
 */
export function createSigner(pem: string): Signer {
  const key = createPrivateKey(pem)
  return {
    id: keyId(createPublicKey(key)),
    sign: (line) => `${line.slice(0, -1)}${FIELD}${sign(null, Buffer.from(line), key).toString('base64url')}"}`,
  }
}

const FIELD = ',"signature":"'
const END = Buffer.from('"}')

/** Whether the last field of the line is a signature of the rest by this key. */
export function isSigned(line: Buffer, key: KeyObject): boolean {
  const at = line.lastIndexOf(FIELD)
  if (at < 0 || !line.subarray(-2).equals(END)) return false
  const text = line.subarray(at + FIELD.length, -2).toString('latin1')
  const signature = Buffer.from(text, 'base64url')
  // One spelling only: what is decoded leniently could be changed without being noticed.
  if (signature.toString('base64url') !== text) return false
  return verify(null, Buffer.concat([line.subarray(0, at), Buffer.from('}')]), key, signature)
}

/** The first 8 bytes of the SHA-256 of the public key's SubjectPublicKeyInfo, hexadecimal. */
export function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)
}
