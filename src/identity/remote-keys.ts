import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { isLoopback } from '../config/address.ts'
import type { JwtIssuerConfig } from '../config/schema.ts'
import { quoted } from '../text.ts'
import { fetchText, KeysUnavailable } from './fetch.ts'

/** Milliseconds for discovery and keys together. */
const TIMEOUT = 5_000
/** Milliseconds after a fetch in which an unknown key id does not cause another. */
const UNKNOWN_KEY_COOL_DOWN = 30_000
/** Milliseconds after a fetch that failed in which no other is tried. */
const FAILURE_COOL_DOWN = 5_000
/** Milliseconds. Keys that could not be fetched again by then are no longer used. */
const MAX_AGE = 10 * 60_000

export interface RemoteKeysOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Ends fetches that are under way, when the gate closes. */
  readonly signal: AbortSignal
  /** Takes one line for the operator whenever a fetch failed. */
  readonly warn: (message: string) => void
}

/**
 * The keys of an issuer from its JWKS URL, or, when the configuration names none, by OIDC discovery (OpenID Connect
 * Discovery 1.0 section 4) below its issuer URL, afresh at every fetch, so that a `jwks_uri` may move.
 * There is one fetch at a time, the first one at once in the background.
 *
 * @param path where the issuer stands in the configuration: `issuers.github.jwt`
 * @returns the function that jose asks for a key; it rejects with KeysUnavailable when the keys cannot be had
 * @throws Error with a message for the operator when a URL in the configuration cannot be used
 */
export function createRemoteKeys(path: string, jwt: JwtIssuerConfig, options: RemoteKeysOptions): JWTVerifyGetKey {
  const source =
    jwt.jwksUri === undefined
      ? discoveryUrl(`${path}.issuer`, jwt.issuer)
      : configuredUrl(`${path}.jwksUri`, jwt.jwksUri)
  let failure: { readonly at: number; readonly error: unknown } | null = null

  async function fetchKeys(timeout: AbortSignal): Promise<Response> {
    const age = failure === null ? FAILURE_COOL_DOWN : options.now() - failure.at
    if (failure !== null && age >= 0 && age < FAILURE_COOL_DOWN) throw failure.error
    try {
      const signal = AbortSignal.any([timeout, options.signal])
      const url = jwt.jwksUri === undefined ? await discover(source, jwt.issuer, signal) : source
      const text = await fetchText(url, signal)
      checkKeySet(url, text)
      failure = null
      return new Response(text)
    } catch (error) {
      failure = { at: options.now(), error }
      if (!options.signal.aborted) options.warn(`${path}: the issuer's keys cannot be had: ${(error as Error).message}`)
      throw error
    }
  }

  const keys = createRemoteJWKSet(source, {
    timeoutDuration: TIMEOUT,
    cooldownDuration: UNKNOWN_KEY_COOL_DOWN,
    cacheMaxAge: MAX_AGE,
    [customFetch]: (_url, { signal }) => fetchKeys(signal),
  })
  // A failure was told to `warn`; the first request that needs the keys tries again.
  keys.reload().catch(() => {})
  return keys
}

async function discover(source: URL, issuer: string, signal: AbortSignal): Promise<URL> {
  const document = readJson(source, await fetchText(source, signal))
  // Section 4.3: exactly equal, or anybody's document could bring anybody's keys.
  if (document.issuer !== issuer) {
    const found = typeof document.issuer === 'string' ? quoted(document.issuer) : 'none'
    throw new KeysUnavailable(`${source.href} is the document of issuer ${found}, not of ${quoted(issuer)}`)
  }
  const url = typeof document.jwks_uri === 'string' ? URL.parse(document.jwks_uri) : null
  if (url === null) throw new KeysUnavailable(`${source.href} has no jwks_uri`)
  // An issuer elsewhere must not make the gate send requests to this machine's own ports.
  if (url.protocol === 'https:' || (isLocal(url) && isLocal(source))) return url
  throw new KeysUnavailable(`${source.href} has a jwks_uri that is not https: ${quoted(url.href)}`)
}

/** jose judges the set again when it takes it; here a broken one counts as a fetch that failed, and is not fetched at once again. */
function checkKeySet(url: URL, text: string): void {
  const value = readJson(url, text)
  try {
    createLocalJWKSet(value as unknown as JSONWebKeySet)
  } catch (error) {
    throw new KeysUnavailable(`${url.href} answers with no JWK Set`, { cause: error })
  }
}

function readJson(url: URL, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below, like any other value that is no object.
  }
  throw new KeysUnavailable(`${url.href} answers with no JSON object`)
}

/** Section 4.1: a slash at the end of the issuer is left out before the well-known path. */
function discoveryUrl(path: string, issuer: string): URL {
  if (/[?#]/.test(issuer)) throw new Error(`${path}: ${quoted(issuer)} has a query or a fragment`)
  return configuredUrl(path, `${issuer.endsWith('/') ? issuer.slice(0, -1) : issuer}/.well-known/openid-configuration`)
}

function configuredUrl(path: string, text: string): URL {
  const url = URL.parse(text)
  if (url === null) throw new Error(`${path}: ${quoted(text)} is no URL`)
  if (url.protocol === 'https:' || isLocal(url)) return url
  throw new Error(`${path}: ${quoted(text)} is not https (http is taken for 127.0.0.1, ::1 and localhost only)`)
}

function isLocal(url: URL): boolean {
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  return url.protocol === 'http:' && isLoopback(host)
}
