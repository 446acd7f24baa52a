import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import type { Dispatcher } from 'undici'
import { isLoopback } from '../config/address.ts'
import type { JwtIssuerConfig } from '../config/schema.ts'
import { quoted } from '../text.ts'
import { fetchText, KeysUnavailable } from './fetch.ts'
import type { KeySet } from './issuer-keys.ts'
import { type FollowRouteOptions, followRoute } from './route.ts'

/** A key set (RFC 7517 section 5), and the text that it was read from. */
interface LoadedKeys {
  readonly text: string
  readonly set: KeySet
}

/** Where an issuer's keys are fetched. */
export interface KeySource {
  /**
   * Fetches the key set.
   *
   * @throws KeysUnavailable (as a rejection) that says what went wrong and where
   */
  load(signal: AbortSignal): Promise<LoadedKeys>
  close(): void
}

/**
 * The JWKS URL of an issuer, or, when the configuration names none, OIDC discovery (OpenID Connect Discovery 1.0
 * section 4) below its issuer URL, afresh at every fetch, so that a `jwks_uri` may move.
 *
 * @param path where the issuer stands in the configuration, for messages: `issuers.github.jwt`
 * @throws Error with a message for the operator when a URL or the file of authorities cannot be used
 */
export function createKeySource(path: string, jwt: JwtIssuerConfig, options: FollowRouteOptions): KeySource {
  const given = jwt.jwksUri
  const source =
    given === undefined ? discoveryUrl(`${path}.issuer`, jwt.issuer) : configuredUrl(`${path}.jwksUri`, given)
  const route = followRoute(path, jwt, options)
  return {
    async load(signal) {
      const url = given === undefined ? await discover(source, jwt.issuer, route.current(), signal) : source
      const text = await fetchText(url, route.current(), signal)
      return { text, set: readKeySet(url, text) }
    },
    close: route.close,
  }
}

async function discover(source: URL, issuer: string, route: Dispatcher, signal: AbortSignal): Promise<URL> {
  const document = readJson(source, await fetchText(source, route, signal))
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

/** Keys in it that jose cannot use are left to the token that asks for one. */
function readKeySet(url: URL, text: string): KeySet {
  const value = readJson(url, text)
  try {
    return { find: createLocalJWKSet(value as unknown as JSONWebKeySet) }
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
