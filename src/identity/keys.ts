import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { JwtIssuerConfig } from '../config/schema.ts'
import { fixedKeys, type IssuerKeys } from './issuer-keys.ts'
import { createRemoteKeys, type RemoteKeysOptions } from './remote-keys.ts'

const LEAST_RSA_BITS = 2048

/**
 * The keys of one issuer, from the one source that its configuration names: a PEM file, a JWKS file, a JWKS URL, or
 * OIDC discovery below the issuer's URL. Files are read now; what is remote is fetched in the background, and its
 * failing is no error here.
 *
 * @param path where the issuer stands in the configuration, for messages: `issuers.github.jwt`
 * @throws Error with a message for the operator when the configuration or a file cannot be used
 */
export async function createKeys(path: string, jwt: JwtIssuerConfig, options: RemoteKeysOptions): Promise<IssuerKeys> {
  const given = [jwt.publicKey, jwt.jwksFile, jwt.jwksUri].filter((source) => source !== undefined)
  if (given.length > 1) throw new Error(`${path}: at most one of jwksUri, jwksFile and publicKey`)
  if (jwt.publicKey !== undefined) return fixedKeys(await keysOfPem(`${path}.publicKey`, jwt.publicKey, jwt.algorithms))
  if (jwt.jwksFile !== undefined) return fixedKeys(keysOfFile(`${path}.jwksFile`, jwt.jwksFile))
  return createRemoteKeys(path, jwt, options)
}

async function keysOfPem(
  path: string,
  file: string,
  algorithms: JwtIssuerConfig['algorithms'],
): Promise<JWTVerifyGetKey> {
  const key = readPublicKey(path, file)
  const bits = key.asymmetricKeyDetails?.modulusLength ?? LEAST_RSA_BITS
  if (bits < LEAST_RSA_BITS)
    throw new Error(`${path}: ${file} holds an RSA key of ${bits} bits, less than ${LEAST_RSA_BITS}`)
  const set = createLocalJWKSet(jwksOf(path, file, key))
  // A PEM file has no key id, so the token's is not asked for.
  const keys: JWTVerifyGetKey = ({ kid: _, ...header }, token) => set(header, token)
  const fitting = await Promise.allSettled(algorithms.map((alg) => set({ alg })))
  if (fitting.some(({ status }) => status === 'fulfilled')) return keys
  throw new Error(`${path}: the key in ${file} fits none of the issuer's algorithms (${algorithms.join(', ')})`)
}

/** `createPublicKey` would take a private key and derive the public half: a gate that only verifies must not hold it. */
function readPublicKey(path: string, file: string): KeyObject {
  const pem = readFileSync(file, 'utf8')
  if (pem.includes('PRIVATE KEY-----')) throw new Error(`${path}: ${file} holds a private key; give its public half`)
  try {
    return createPublicKey(pem)
  } catch (error) {
    throw new Error(`${path}: ${file} holds no public key or certificate in PEM form`, { cause: error })
  }
}

function jwksOf(path: string, file: string, key: KeyObject): JSONWebKeySet {
  try {
    const jwk = key.export({ format: 'jwk' })
    return { keys: [{ ...jwk, kty: String(jwk.kty) }] }
  } catch (error) {
    throw new Error(`${path}: the key in ${file} is of a kind that no JWT algorithm uses`, { cause: error })
  }
}

function keysOfFile(path: string, file: string): JWTVerifyGetKey {
  let set: JSONWebKeySet
  let keys: JWTVerifyGetKey
  try {
    set = JSON.parse(readFileSync(file, 'utf8'))
    keys = createLocalJWKSet(set)
  } catch (error) {
    throw new Error(`${path}: ${file} holds no JWK Set (RFC 7517 section 5)`, { cause: error })
  }
  if (set.keys.length === 0) throw new Error(`${path}: ${file} has no keys`)
  if (set.keys.some((key) => 'd' in key || 'k' in key)) {
    throw new Error(`${path}: ${file} holds a private or shared key; leave only the public keys in it`)
  }
  return keys
}
