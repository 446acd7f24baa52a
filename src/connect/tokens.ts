import { decodeJwt } from 'jose'

/** Where tokens come from: a command, a file, a variable of the environment, an endpoint of the CI system. */
export interface TokenSource {
  /** As messages name it: `--token-file /run/token`. */
  readonly name: string
  /** Reading it costs nothing: it is asked for every request, so that a changed token is used at once. */
  readonly local: boolean
  /** Rejects with an Error whose message is for a person and holds no token. */
  fetch(signal: AbortSignal): Promise<string>
}

/** One identity's tokens: the next request always finds one that is good for a while, as long as the source gives them. */
export interface Tokens {
  /** A token for one request. Rejects with an Error whose message is for a person when there is none. */
  get(): Promise<string>
  /** The gate has answered 401 to this token: it is not used again, unless it was only just fetched. */
  refused(token: string): void
  close(): void
}

export interface TokensOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Takes one line for the person when a refresh failed while the last token is still good. */
  readonly warn: (message: string) => void
}

/** A token is fetched anew when half of its time is left, at most this long before its end; meanwhile the old one serves. */
const RENEW_MS = 60_000
/** When a quarter is left, at most this much, requests wait for the new one: the old one could end on its way. */
const WAIT_MS = 10_000
/** A token that does not tell its end (an opaque one) is fetched anew after this. */
const OPAQUE_MS = 60_000
/** After a refresh that failed, or gave the same token again, that token serves for this long before the next attempt. */
const COOL_DOWN_MS = 5_000
/** A token that is refused this soon after it was fetched would be refused again: the reason is not its age. */
const SETTLE_MS = 5_000
const LONGEST_TOKEN = 64 * 1024
/** RFC 6750 section 2.1. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

interface Held {
  readonly token: string
  readonly fetchedAt: number
  readonly renewAt: number
  readonly waitAt: number
  readonly endsAt: number
}

/**
 * Keeps the tokens of one source: fetched when first asked for, fetched anew ahead of their end, one fetch at a time.
 * While a fetch fails, the last good token serves until its end. Nothing is fetched while nobody asks.
 */
export function createTokens(source: TokenSource, { now = Date.now, warn }: TokensOptions): Tokens {
  const closed = new AbortController()
  let held: Held | null = null
  let fetching: Promise<string> | null = null
  let vainAt = Number.NEGATIVE_INFINITY
  let warned = ''

  const isGood = (): boolean => held !== null && now() < held.endsAt

  async function renew(): Promise<string> {
    try {
      const token = checkToken(source, await source.fetch(closed.signal))
      if (held?.token === token) vainAt = now()
      else held = hold(token, now())
      warned = ''
      return token
    } catch (error) {
      vainAt = now()
      const { message } = error as Error
      if (held === null || !isGood()) throw error
      if (message !== warned && !closed.signal.aborted) warn(`${message}; the last token serves until it ends`)
      warned = message
      return held.token
    }
  }

  function renewOnce(): Promise<string> {
    fetching ??= renew().finally(() => {
      fetching = null
    })
    return fetching
  }

  return {
    async get() {
      if (held === null || !isGood()) return renewOnce()
      const time = now()
      if (source.local) return renewOnce()
      if (time < held.renewAt || time - vainAt < COOL_DOWN_MS) return held.token
      const renewal = renewOnce()
      if (time >= held.waitAt) return renewal
      renewal.catch(() => {})
      return held.token
    },
    refused(token) {
      if (held?.token === token && now() - held.fetchedAt >= SETTLE_MS) held = null
    },
    close: () => closed.abort(),
  }
}

/** The token's text, trimmed. Throws an Error that tells what is wrong with it and shows nothing of it. */
function checkToken({ name }: TokenSource, text: string): string {
  const token = text.trim()
  if (token === '') throw new Error(`${name} gave no token: it is empty`)
  if (token.length > LONGEST_TOKEN) throw new Error(`${name} gave no token: ${token.length} characters are too many`)
  if (BEARER_TOKEN.test(token)) return token
  const hint = token.startsWith('{')
    ? 'it gave JSON; give the token alone, for example with jq -r'
    : 'a token is one word'
  throw new Error(`${name} gave no token: ${hint}`)
}

function hold(token: string, time: number): Held {
  const left = timeLeft(token, time)
  if (left === null) {
    const renewAt = time + OPAQUE_MS
    return { token, fetchedAt: time, renewAt, waitAt: renewAt, endsAt: Number.POSITIVE_INFINITY }
  }
  const endsAt = time + left
  return {
    token,
    fetchedAt: time,
    renewAt: endsAt - Math.min(RENEW_MS, left / 2),
    waitAt: endsAt - Math.min(WAIT_MS, left / 4),
    endsAt,
  }
}

/**
 * Milliseconds until the token's `exp`, or null when it tells none. By a clock here that is slow it would serve past its
 * end, so it never counts for longer than from its `iat` to its `exp`. Nothing is decided by it but when to fetch.
 */
function timeLeft(token: string, time: number): number | null {
  try {
    const { exp, iat } = decodeJwt(token)
    if (typeof exp !== 'number') return null
    const lifetime = typeof iat === 'number' ? (exp - iat) * 1000 : Number.POSITIVE_INFINITY
    return Math.min(exp * 1000 - time, lifetime)
  } catch {
    return null
  }
}
