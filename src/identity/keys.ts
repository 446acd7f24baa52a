import { createPublicKey, type KeyObject } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Algorithm } from '../config/issuer-schema.ts'
import type { JwtIssuerConfig } from '../config/schema.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import { followKeyFile } from './key-file.ts'
import { createRemoteKeys, type RemoteKeysOptions } from './remote-keys.ts'

const LEAST_RSA_BITS = 2048

/**
 * The keys of one issuer, from the one source that its configuration names: a PEM file, a JWKS file, a JWKS URL, or
 * OIDC discovery below the issuer's URL. Files are read now, and followed; what is remote is fetched in the background, and its
 * failing is no error here.
 *
 * @param path where the issuer stands in the configuration, for messages: `issuers.github.jwt`
 * @throws Error with a message for the operator when the configuration or a file cannot be used
 */
export async function createKeys(path: string, jwt: JwtIssuerConfig, options: RemoteKeysOptions): Promise<IssuerKeys> {
  const given = [jwt.publicKey, jwt.jwksFile, jwt.jwksUri].filter((source) => source !== undefined)
  if (given.length > 1) throw new Error(`${path}: at most one of jwksUri, jwksFile and publicKey`)
  const { publicKey, jwksFile, algorithms } = jwt
  if (publicKey !== undefined) {
    const at = `${path}.publicKey`
    return followKeyFile(at, publicKey, (pem) => keysOfPem(`${at}: ${publicKey}`, pem, algorithms), options)
  }
  if (jwksFile !== undefined) {
    const at = `${path}.jwksFile`
    return followKeyFile(at, jwksFile, (text) => keysOfSet(`${at}: ${jwksFile}`, text), options)
  }
  return createRemoteKeys(path, jwt, options)
}

/** @param place the key of the configuration and the file, for messages */
function keysOfPem(place: string, pem: string, algorithms: readonly Algorithm[]): JWTVerifyGetKey {
  const key = readPublicKey(place, pem)
  const bits = key.asymmetricKeyDetails?.modulusLength ?? LEAST_RSA_BITS
  if (bits < LEAST_RSA_BITS) throw new Error(`${place} holds an RSA key of ${bits} bits, less than ${LEAST_RSA_BITS}`)
  const set = createLocalJWKSet(jwksOf(place, key))
  const fitting = algorithmsOf(key)
  if (!algorithms.some((alg) => fitting.includes(alg))) {
    throw new Error(`${place} holds a key that fits none of the issuer's algorithms (${algorithms.join(', ')})`)
  }
  // A PEM file has no key id, so the token's is not asked for.
  return ({ kid: _, ...header }, token) => set(header, token)
}

/** `createPublicKey` would take a private key and derive the public half: a gate that only verifies must not hold it. */
function readPublicKey(place: string, pem: string): KeyObject {
  if (pem.includes('PRIVATE KEY-----')) throw new Error(`${place} holds a private key; give its public half`)
  try {
    return createPublicKey(pem)
  } catch (error) {
    throw new Error(`${place} holds no public key or certificate in PEM form`, { cause: error })
  }
}

function jwksOf(place: string, key: KeyObject): JSONWebKeySet {
  try {
    const jwk = key.export({ format: 'jwk' })
    return { keys: [{ ...jwk, kty: String(jwk.kty) }] }
  } catch (error) {
    throw new Error(`${place} holds a key of a kind that no JWT algorithm uses`, { cause: error })
  }
}

/** RFC 7518 section 3.1, RFC 8037 section 3.1 and RFC 9864 section 2. */
function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): readonly Algorithm[] {
  if (type === 'rsa') return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
  if (type === 'ed25519') return ['EdDSA', 'Ed25519']
  return type === 'ec' ? (CURVES.get(details?.namedCurve ?? '') ?? []) : []
}

/** By the names that OpenSSL has for them. */
const CURVES: ReadonlyMap<string, readonly Algorithm[]> = new Map([
  ['prime256v1', ['ES256']],
  ['secp384r1', ['ES384']],
  ['secp521r1', ['ES512']],
])

function keysOfSet(place: string, text: string): JWTVerifyGetKey {
  let set: JSONWebKeySet
  let keys: JWTVerifyGetKey
  try {
    set = JSON.parse(text)
    keys = createLocalJWKSet(set)
  } catch (error) {
    throw new Error(`${place} holds no JWK Set (RFC 7517 section 5)`, { cause: error })
  }
  if (set.keys.length === 0) throw new Error(`${place} has no keys`)
  if (set.keys.some((key) => 'd' in key || 'k' in key)) {
    throw new Error(`${place} holds a private or shared key; leave only the public keys in it`)
  }
  return keys
}
