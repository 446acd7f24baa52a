import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Principal } from './principal.ts'

const MAX_TOKENS = 10_000
/** Characters of all cached tokens together: their claims take memory in proportion. */
const MAX_CHARACTERS = 16 * 1024 * 1024
/** Beyond this many different tokens being verified at once, equal ones no longer wait for each other. */
const MAX_PENDING = 1024
/** Seconds. An issuer's key that was taken back must not live on in here as long as its longest token. */
const MAX_AGE = 10 * 60

interface Entry {
  readonly principal: Principal
  /** Seconds since the epoch: from this second on the entry is not served. */
  readonly until: number
  readonly characters: number
}

/**
 * Remembers who verified tokens are, by the SHA-256 of the token: 10,000 of them, none longer than ten minutes, none
 * at or beyond its principal's `expiresAt`. Equal tokens that arrive together are verified once. What fails is not
 * remembered.
 *
 * @param verify rejects with a Refusal
 * @param now milliseconds since the epoch; read at every look-up
 * @returns a function that answers at once for a token that it knows
 */
export function createTokenCache(
  verify: (token: string) => Promise<Principal>,
  now: () => number,
): (token: string) => Principal | Promise<Principal> {
  const verified = new LRUCache<string, Entry>({
    max: MAX_TOKENS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (entry) => entry.characters,
  })
  const pending = new Map<string, Promise<Principal>>()

  async function verifyAndRemember(key: string, token: string): Promise<Principal> {
    const principal = await verify(token)
    const until = Math.min(principal.expiresAt, Math.floor(now() / 1000) + MAX_AGE)
    verified.set(key, { principal, until, characters: token.length })
    return principal
  }

  async function share(key: string, token: string): Promise<Principal> {
    try {
      return await verifyAndRemember(key, token)
    } finally {
      pending.delete(key)
    }
  }

  return function principalOf(token) {
    const key = hash('sha256', token, 'hex')
    const entry = verified.get(key)
    if (entry !== undefined) {
      // Whole seconds, as the verification counts them.
      if (Math.floor(now() / 1000) < entry.until) return entry.principal
      verified.delete(key)
    }
    const running = pending.get(key)
    if (running !== undefined) return running
    if (pending.size >= MAX_PENDING) return verifyAndRemember(key, token)
    const started = share(key, token)
    pending.set(key, started)
    return started
  }
}
