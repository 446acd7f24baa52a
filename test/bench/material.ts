import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { SignJWT } from 'jose'
import { createAuthority, type Issued } from '../../src/pki/authority.ts'

/** Keys, tokens and certificates that every place shares; files are in `folder`. */
export interface Material {
  readonly folder: string
  /** PEM. */
  readonly authority: string
  readonly client: Issued
  /** The same claims, signed both ways. */
  readonly tokens: Readonly<Record<Algorithm, string>>
}

export type Algorithm = 'ES256' | 'RS256'
export const AUDIENCE = 'bench'
export const OWNER = 'acme/app'
export const issuerOf = (algorithm: Algorithm) => `https://${algorithm.toLowerCase()}.bench.example`

/**
 * Writes ca.crt, server.crt, server.key, server.pem (both, as HAProxy wants them), and the public keys ES256.pem and
 * RS256.pem (2048 bits, as GitHub and GitLab have).
 */
export async function makeMaterial(folder: string): Promise<Material> {
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text, { mode: 0o600 })
  const authority = createAuthority()
  const server = authority.issueServer({ names: ['localhost', '127.0.0.1'] })
  write('ca.crt', authority.certificate)
  write('server.crt', server.certificate)
  write('server.key', server.key)
  write('server.pem', server.certificate + server.key)
  const pairs = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  }
  const sign = async (algorithm: Algorithm) => {
    const { publicKey, privateKey } = pairs[algorithm]
    write(`${algorithm}.pem`, publicKey.export({ type: 'spki', format: 'pem' }).toString())
    // About the size of what a forge's jobs have.
    const claims = {
      role: 'ci',
      repository: OWNER,
      ref: 'refs/heads/main',
      run_id: '17',
      actor: 'somebody',
      sha: 'a'.repeat(40),
    }
    return await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(issuerOf(algorithm))
      .setSubject(`repo:${OWNER}:ref:refs/heads/main`)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('6h')
      .sign(privateKey)
  }
  const tokens = { ES256: await sign('ES256'), RS256: await sign('RS256') }
  return { folder, authority: authority.certificate, client: authority.issueClient({ name: 'bench' }), tokens }
}
