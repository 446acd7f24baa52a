import { describe, expect, it } from 'vitest'
import type { IssuerKeys } from '../../src/identity/issuer-keys.ts'
import type { Principal } from '../../src/identity/principal.ts'
import { createTokenCache } from '../../src/identity/token-cache.ts'
import { Refusal } from '../../src/refusal.ts'
import { refused } from './fixture.ts'

const START = 1_700_000_000
const principal = (subject: string, expiresAt = START + 300): Principal => ({
  issuer: 'local',
  subject,
  claims: {},
  certificate: null,
  expiresAt,
})

const none = {
  find: () => {
    throw new Error('no key is looked for here')
  },
}
const fixed: IssuerKeys = {
  ready: async () => none,
  newer: async () => null,
  holds: () => true,
  state: () => ({ had: START * 1000, until: null, failing: null }),
}

/** A cache over a clock in seconds, counting the verifications. */
function createCacheOn(
  connection: object | null,
  verify: (token: string) => Promise<Principal>,
  keys: IssuerKeys = fixed,
) {
  const state = { seconds: START, verified: 0 }
  const all = createTokenCache(
    async (token) => {
      state.verified += 1
      const set = await keys.ready()
      return { principal: await verify(token), keys, set }
    },
    () => state.seconds * 1000,
  )
  return { state, cache: (token: string) => all(token, connection) }
}

describe.each([
  ['of connections that it does not know', null],
  ['of one connection', {}],
])('the token cache %s', (_whose, connection) => {
  const createCache = (...given: [(token: string) => Promise<Principal>, IssuerKeys?]) =>
    createCacheOn(connection, ...given)

  it('answers at once, without a promise, for a token that it knows', async () => {
    const { state, cache } = createCache(async (token) => principal(token))
    const first = await cache('a')
    expect(cache('a')).toBe(first)
    expect(state.verified).toBe(1)
  })

  it('never gives one token the principal of another', async () => {
    const { cache } = createCache(async (token) => principal(token))
    await cache('a')
    expect(await cache('b')).toMatchObject({ subject: 'b' })
    expect(cache('a')).toMatchObject({ subject: 'a' })
  })

  it('T127 serves nothing at or beyond expiresAt', async () => {
    const { state, cache } = createCache(async (token) => principal(token, START + 10))
    await cache('a')
    state.seconds = START + 9.999
    expect(cache('a')).not.toBeInstanceOf(Promise)
    state.seconds = START + 10
    expect(cache('a')).toBeInstanceOf(Promise)
  })

  it('T127 verifies again when the keys no longer hold, so that a key that was taken back does not live on', async () => {
    let held = { ...(await fixed.ready()) }
    const keys: IssuerKeys = { ...fixed, ready: async () => held, holds: (set) => set === held }
    const { state, cache } = createCache(async (token) => principal(token, START + 100_000), keys)
    await cache('a')
    state.seconds = START + 50_000
    expect(cache('a')).not.toBeInstanceOf(Promise)
    held = { ...held }
    expect(cache('a')).toBeInstanceOf(Promise)
    await cache('a')
    expect(cache('a')).not.toBeInstanceOf(Promise)
    expect(state.verified).toBe(2)
  })

  it('T127 holds 10,000 tokens and drops the one that was used longest ago', async () => {
    const { cache } = createCache(async (token) => principal(token))
    for (let index = 0; index < 10_000; index += 1) await cache(`t${index}`)
    expect(cache('t0')).not.toBeInstanceOf(Promise)
    await cache('one more')
    expect(cache('t0')).not.toBeInstanceOf(Promise)
    expect(cache('t1')).toBeInstanceOf(Promise)
  })

  it('T127 holds fewer tokens when they are long', async () => {
    const { cache } = createCache(async (token) => principal(token.slice(0, 8)))
    for (let index = 0; index < 1100; index += 1) await cache(String(index).padStart(16 * 1024))
    expect(cache('0'.padStart(16 * 1024))).toBeInstanceOf(Promise)
    expect(cache('1099'.padStart(16 * 1024))).not.toBeInstanceOf(Promise)
  })

  it('verifies equal tokens that arrive together once', async () => {
    const { state, cache } = createCache(async (token) => principal(token))
    const all = await Promise.all(Array.from({ length: 50 }, () => cache('a')))
    expect(new Set(all).size).toBe(1)
    expect(state.verified).toBe(1)
  })

  it('does not remember a refusal', async () => {
    let good = false
    const { cache } = createCache(async (token) => {
      if (good) return principal(token)
      throw new Refusal('issuer-unavailable', 'away')
    })
    expect((await refused(() => cache('a'))).reason).toBe('issuer-unavailable')
    good = true
    expect(await cache('a')).toMatchObject({ subject: 'a' })
  })

  it('lets tokens through when more than a thousand different ones are being verified', async () => {
    const { cache } = createCache(async (token) => principal(token))
    const all = await Promise.all(Array.from({ length: 3000 }, (_, index) => cache(`t${index}`)))
    expect(new Set(all.map(({ subject }) => subject)).size).toBe(3000)
  })
})
