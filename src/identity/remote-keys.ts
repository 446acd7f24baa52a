import type { JwtIssuerConfig } from '../config/schema.ts'
import type { Clock } from './clock.ts'
import { KeysUnavailable } from './fetch.ts'
import type { IssuerKeys, KeySet } from './issuer-keys.ts'
import { createKeySource } from './key-source.ts'

/** Milliseconds for discovery and keys together. */
const TIMEOUT = 5_000
/** Milliseconds after a fetch in which an unknown key id does not cause another. */
const UNKNOWN_KEY_COOL_DOWN = 30_000
/** Milliseconds after a fetch that failed in which no other is tried; what passes between the later ones doubles up to the last. */
const FIRST_RETRY = 5_000
const LAST_RETRY = 60_000
/** The part of their age after which keys are fetched again, so that there is time for a few failures. */
const REFRESH_AT = 0.8

export interface RemoteKeysOptions {
  readonly clock: Clock
  /** Ends fetches that are under way, and all later ones, when the gate closes. */
  readonly signal: AbortSignal
  /** Takes one line for the operator whenever keys can no longer be fetched, may no longer be used, or are here again. */
  readonly warn: (message: string) => void
}

interface Held {
  readonly set: KeySet
  readonly text: string
  /** When the fetch that brought it began: what the issuer said after that is not in it. */
  readonly at: number
}

interface Failure {
  /** When the first one failed of those that have failed in a row. */
  readonly since: number
  readonly error: Error
}

/**
 * The keys of an issuer that must be fetched. One fetch at a time, the first one at once in the background, then again
 * before they are as old as the issuer's `refresh`; a key that the issuer took away is not used beyond that age. When
 * fetches fail, the keys go on serving for `outage` more, then the issuer's tokens are refused until one succeeds.
 *
 * @param path where the issuer stands in the configuration: `issuers.github.jwt`
 * @throws Error with a message for the operator when the configuration cannot be used
 */
export function createRemoteKeys(path: string, jwt: JwtIssuerConfig, options: RemoteKeysOptions): IssuerKeys {
  const { clock, signal, warn } = options
  // Keys that came by an authority which is none any more are fetched anew.
  const source = createKeySource(path, jwt, { changed: () => void fetchKeys(), warn })
  let held: Held | null = null
  /** Of the last fetch; null when it succeeded. */
  let failure: Failure | null = null
  let failures = 0
  let triedAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | null = null
  let cancelNext = () => {}
  let told = ''

  signal.addEventListener('abort', () => {
    cancelNext()
    source.close()
  })

  function usable(): KeySet | null {
    if (held === null) return null
    const age = clock.now() - held.at
    if (age < jwt.refresh) return held.set
    return failure !== null && age < jwt.refresh + jwt.outage ? held.set : null
  }

  /** Never rejects: what came of it is in the variables above. */
  function fetchKeys(): Promise<void> {
    running ??= fetchOnce().finally(() => {
      running = null
    })
    return running
  }

  async function fetchOnce(): Promise<void> {
    cancelNext()
    triedAt = clock.now()
    try {
      const { text, set } = await source.load(AbortSignal.any([AbortSignal.timeout(TIMEOUT), signal]))
      held = { set: held?.text === text ? held.set : set, text, at: triedAt }
      failure = null
      failures = 0
      if (told !== '') warn(`${path}: the issuer's keys can be had again`)
      told = ''
      fetchAfter(jwt.refresh * REFRESH_AT)
    } catch (error) {
      failure = { since: failure?.since ?? clock.now(), error: error as Error }
      tell()
      fetchAfter(Math.min(FIRST_RETRY * 2 ** failures, LAST_RETRY))
      failures += 1
    }
  }

  function fetchAfter(milliseconds: number): void {
    if (!signal.aborted) cancelNext = clock.after(milliseconds, () => void fetchKeys())
  }

  /** A line is told once: the retries that fail as the first did say nothing new. */
  function tell(): void {
    const line = `the issuer's keys cannot be had: ${failure?.error.message}; ${consequence()}`
    if (line === told || signal.aborted) return
    told = line
    warn(`${path}: ${line}`)
  }

  function consequence(): string {
    if (held === null) return 'its tokens are refused until they can'
    if (usable() === null) return `those of ${time(held.at)} are too old, so its tokens are refused until they can`
    return `those of ${time(held.at)} serve until ${time(held.at + jwt.refresh + jwt.outage)}`
  }

  function mayTry(after: number): boolean {
    const passed = clock.now() - triedAt
    // A clock that was set back must not keep a fetch from being tried.
    return passed >= after || passed < 0
  }

  void fetchKeys()
  return {
    async ready() {
      const set = usable()
      if (set !== null) return set
      if (running !== null || failure === null || mayTry(FIRST_RETRY)) await fetchKeys()
      const fetched = usable()
      if (fetched !== null) return fetched
      throw unavailable(failure)
    },

    async newer(than) {
      if (running !== null || mayTry(UNKNOWN_KEY_COOL_DOWN)) await fetchKeys()
      const set = usable()
      if (set !== null && set !== than) return set
      if (failure !== null) throw unavailable(failure)
      return null
    },

    holds: (set) => usable() === set,

    state: () => ({
      had: usable() === null ? null : (held?.at ?? null),
      until: held === null ? null : held.at + jwt.refresh + jwt.outage,
      failing: failure && { since: failure.since, why: failure.error.message },
    }),
  }
}

function unavailable(failure: Failure | null): Error {
  return failure?.error ?? new KeysUnavailable('the keys are too old')
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
