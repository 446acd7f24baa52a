import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { PkiError } from './errors.ts'

/** RFC 8037: EdDSA with Ed25519. */
const ALGORITHM = 'EdDSA'

/** The `iss` and `aud` of tokens that are signed with the local key. */
export const LOCAL_ISSUER = 'https://dockgate.local'
export const LOCAL_AUDIENCE = 'dockgate'

/** Claims that the signer sets itself (RFC 7519, section 4.1). */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'])

/** A fresh Ed25519 key for tokens: the private half as PKCS #8 PEM. */
export function createTokenKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function readTokenKey(pem: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    throw new PkiError('the token key is not a private key in PEM', { cause: error })
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new PkiError('the token key is not an Ed25519 key')
  return key
}

/** The public half of a token key, as the gate reads it: SubjectPublicKeyInfo PEM. Throws PkiError. */
export function publicTokenKey(privatePem: string): string {
  return createPublicKey(readTokenKey(privatePem)).export({ type: 'spki', format: 'pem' }).toString()
}

export interface TokenRequest {
  readonly subject: string
  readonly audience?: string
  /** Beside the registered claims; none of RESERVED_CLAIMS. */
  readonly claims: Readonly<Record<string, string>>
  /** Milliseconds. */
  readonly lifetime: number
  /** Seconds since the epoch; now unless told. */
  readonly issuedAt?: number
}

export interface SignedToken {
  readonly token: string
  readonly claims: JWTPayload
  readonly expiresAt: Date
}

/** Signs a JWT (RFC 7519) with the local key. Throws PkiError when the key cannot be read. */
export async function signToken(privatePem: string, request: TokenRequest): Promise<SignedToken> {
  const key = readTokenKey(privatePem)
  const issuedAt = request.issuedAt ?? Math.floor(Date.now() / 1000)
  const claims: JWTPayload = {
    ...request.claims,
    iss: LOCAL_ISSUER,
    sub: request.subject,
    aud: request.audience ?? LOCAL_AUDIENCE,
    iat: issuedAt,
    exp: issuedAt + Math.floor(request.lifetime / 1000),
    jti: randomUUID(),
  }
  const token = await new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' }).sign(key)
  return { token, claims, expiresAt: new Date(Number(claims.exp) * 1000) }
}

/** When a token that the local key signed ends; null when it is not such a token, or has ended. */
export async function localTokenEnd(privatePem: string, token: string): Promise<Date | null> {
  try {
    const options = { issuer: LOCAL_ISSUER, algorithms: [ALGORITHM], requiredClaims: ['exp'] }
    const { payload } = await jwtVerify(token, createPublicKey(readTokenKey(privatePem)), options)
    return new Date(Number(payload.exp) * 1000)
  } catch {
    return null
  }
}
