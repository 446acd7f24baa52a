import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Principal } from './principal.ts'
import type { Verified } from './verify.ts'

const MAX_TOKENS = 10_000
/** Characters of all cached tokens together: their claims take memory in proportion. */
const MAX_CHARACTERS = 16 * 1024 * 1024
/** Beyond this many different tokens being verified at once, equal ones no longer wait for each other. */
const MAX_PENDING = 1024

/** How often a token was known, over all caches that share it. */
export interface TokenCacheTally {
  hits: number
  misses: number
}

/** Answers at once for a token that it knows. */
export interface TokenCache {
  /** @param connection on which it came, as an identity; null: unknown */
  (token: string, connection?: object | null): Principal | Promise<Principal>
  /** How many tokens it knows. */
  size(): number
}

/**
 * Remembers who verified tokens are, by the SHA-256 of the token: 10,000 of them, none at or beyond its principal's
 * `expiresAt`, none longer than the keys hold with which it was verified: so a key that the issuer takes away, or that
 * becomes too old, does not live on in here. Equal tokens that arrive together are verified once. What fails is not
 * remembered.
 *
 * @param verify rejects with a Refusal
 * @param now milliseconds since the epoch; read at every look-up
 */
export function createTokenCache(
  verify: (token: string) => Promise<Verified>,
  now: () => number,
  tally: TokenCacheTally = { hits: 0, misses: 0 },
): TokenCache {
  const remembered = new LRUCache<string, Verified>({ max: MAX_TOKENS, maxSize: MAX_CHARACTERS })
  const pending = new Map<string, Promise<Principal>>()

  async function verifyAndRemember(key: string, token: string): Promise<Principal> {
    const verified = await verify(token)
    remembered.set(key, verified, { size: token.length })
    return verified.principal
  }

  async function share(key: string, token: string): Promise<Principal> {
    try {
      return await verifyAndRemember(key, token)
    } finally {
      pending.delete(key)
    }
  }

  function principalOf(token: string, connection: object | null = null): Principal | Promise<Principal> {
    const key = keyOf(token, connection)
    const verified = remembered.get(key)
    if (verified !== undefined) {
      const { principal, keys, set } = verified
      // Whole seconds, as the verification counts them.
      if (Math.floor(now() / 1000) < principal.expiresAt && keys.holds(set)) {
        tally.hits += 1
        return principal
      }
      remembered.delete(key)
    }
    tally.misses += 1
    const running = pending.get(key)
    if (running !== undefined) return running
    if (pending.size >= MAX_PENDING) return verifyAndRemember(key, token)
    const started = share(key, token)
    pending.set(key, started)
    return started
  }
  return Object.assign(principalOf, { size: () => remembered.size })
}

/** Characters; real tokens have one to four thousand, and what is remembered for each connection is bounded. */
const MOST_REMEMBERED = 4096

/** The last token that came on a connection, and its hash: mostly one comes again and again, and its hash is the dearest part. */
const last = new WeakMap<object, { readonly token: string; readonly key: string }>()

/** The hash only: whether the token is still good is asked anew each time, as on any other connection. */
function keyOf(token: string, connection: object | null): string {
  const known = connection === null ? undefined : last.get(connection)
  // Time may tell how far the two are alike: but only to whoever is at the other end of the connection, which sent both.
  if (known?.token === token) return known.key
  const key = hash('sha256', token, 'hex')
  if (connection !== null && token.length <= MOST_REMEMBERED) last.set(connection, { token, key })
  return key
}
