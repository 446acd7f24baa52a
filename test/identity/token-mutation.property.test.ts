import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Authenticator, createAuthenticator } from '../../src/identity/authenticate.ts'
import { Refusal } from '../../src/refusal.ts'
import { bearer, createFiles, createSigner, jwtIssuer } from './fixture.ts'

const files = createFiles()
const tokens: string[] = []
let authenticator: Authenticator

beforeAll(async () => {
  const signers = await Promise.all(['ES256', 'RS256', 'EdDSA'].map((alg) => createSigner(alg, alg)))
  const jwksFile = files.write('keys.json', JSON.stringify({ keys: signers.map(({ jwk }) => jwk) }))
  authenticator = await createAuthenticator({ local: jwtIssuer({ jwksFile }) })
  for (const signer of signers) tokens.push(await signer.sign({ role: 'reader' }))
  // The originals are known to the cache, which must not take another token for one of them.
  for (const token of tokens) await authenticator.authenticate(bearer(token))
})
afterAll(() => {
  authenticator.close()
  files.remove()
})

type Mutate = (bytes: Buffer, at: number, byte: number) => Buffer

const MUTATIONS: readonly Mutate[] = [
  (bytes, at, byte) => Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at + 1)]),
  (bytes, at, byte) => Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at)]),
  (bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at) => bytes.subarray(at),
  (bytes, at) => Buffer.concat([bytes, bytes.subarray(at)]),
  (bytes, at, byte) => {
    const flipped = Buffer.from(bytes)
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (byte % 8)), at)
    return flipped
  },
  (bytes, at) => {
    const swapped = Buffer.from(bytes)
    const next = (at + 1) % bytes.length
    swapped.writeUInt8(bytes.readUInt8(next), at)
    swapped.writeUInt8(bytes.readUInt8(at), next)
    return swapped
  },
]

interface Mutation {
  readonly token: number
  /** The token's own characters, or the bytes that one of its parts stands for. */
  readonly part: 0 | 1 | 2 | null
  readonly mutate: Mutate
  readonly at: number
  readonly byte: number
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  token: fc.nat(2),
  part: fc.constantFrom(null, 0, 1, 2),
  mutate: fc.constantFrom(...MUTATIONS),
  at: fc.nat(10_000),
  byte: fc.nat(255),
})

function mutated(original: string, { part, mutate, at, byte }: Mutation): string {
  const change = (bytes: Buffer) => mutate(bytes, at % bytes.length, byte)
  if (part === null) return change(Buffer.from(original, 'latin1')).toString('latin1')
  const parts = original.split('.')
  parts[part] = change(Buffer.from(parts[part] ?? '', 'base64url')).toString('base64url')
  return parts.join('.')
}

it('T120 T127 accepts no mutation of the bytes of a token that it knows', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(mutation, async (how) => {
      const original = tokens[how.token] ?? ''
      const token = mutated(original, how)
      if (token === original) return
      const outcome = await Promise.resolve()
        .then(() => authenticator.authenticate(bearer(token)))
        .catch((error: unknown) => error)
      expect(outcome).toBeInstanceOf(Refusal)
    }),
    { numRuns: 4000 },
  )
})

it('T120 accepts no other character at the end of a part, where base64url has bits to spare', async () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (const original of tokens) {
    const ends = [original.indexOf('.') - 1, original.lastIndexOf('.') - 1, original.length - 1]
    for (const end of ends) {
      for (const character of alphabet) {
        const token = original.slice(0, end) + character + original.slice(end + 1)
        if (token === original) continue
        const outcome = await Promise.resolve()
          .then(() => authenticator.authenticate(bearer(token)))
          .catch((error: unknown) => error)
        expect(outcome).toBeInstanceOf(Refusal)
      }
    }
  }
})
