import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { isLoopback } from '../config/address.ts'
import { readWhole } from '../read-whole.ts'
import type { TokenSource } from './tokens.ts'

/** Milliseconds for one attempt, and between attempts. */
const ATTEMPT_MS = 10_000
const PAUSES_MS = [0, 500, 2_000]
const ANSWER_BYTES = 64 * 1024

/** A failure that another attempt would not mend. */
class Final extends Error {}

/**
 * Tokens of the GitHub Actions job that this process runs in ("Security hardening with OpenID Connect": a GET to
 * ACTIONS_ID_TOKEN_REQUEST_URL with `audience`, with ACTIONS_ID_TOKEN_REQUEST_TOKEN as the bearer). They live for minutes;
 * a job may ask for as many as it needs. A proxy of HTTPS_PROXY and NO_PROXY is used, as the runner does.
 *
 * @throws Error with a message for a person when the job may not have tokens
 */
export function githubTokens(audience: string, environment: NodeJS.ProcessEnv = process.env): TokenSource {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = environment
  if (!address || !secret) {
    throw new Error(
      '--github-actions: this is no job of GitHub Actions that may have tokens (ACTIONS_ID_TOKEN_REQUEST_URL is not set); the job needs permissions: { id-token: write }',
    )
  }
  const url = URL.parse(address)
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))) {
    throw new Error('--github-actions: ACTIONS_ID_TOKEN_REQUEST_URL is no https:// URL')
  }
  url.searchParams.set('audience', audience)
  return { name: '--github-actions', local: false, fetch: (signal) => fetchPatiently(url, secret, signal) }
}

async function fetchPatiently(url: URL, secret: string, signal: AbortSignal): Promise<string> {
  let failure: unknown
  for (const wait of PAUSES_MS) {
    await pause(wait, undefined, { signal })
    try {
      return await fetchToken(url, secret, signal)
    } catch (error) {
      failure = new Error(`--github-actions: ${url.host} gives no token: ${why(error)}`, { cause: error })
      if (error instanceof Final || signal.aborted) break
    }
  }
  throw failure
}

async function fetchToken(url: URL, secret: string, signal: AbortSignal): Promise<string> {
  const { EnvHttpProxyAgent, fetch } = await import('undici')
  const dispatcher = new EnvHttpProxyAgent()
  try {
    const response = await fetch(url, {
      dispatcher,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
      headers: { authorization: `Bearer ${secret}`, accept: 'application/json; api-version=2.0' },
    })
    if (response.status !== 200) throw statusFailure(response.status)
    const answer = await readWhole(response.body ?? Readable.from([]), ANSWER_BYTES)
    if (answer === null) throw new Final(`it answers with more than ${ANSWER_BYTES / 1024} KiB`)
    return tokenOf(answer.toString())
  } finally {
    await dispatcher.destroy()
  }
}

function statusFailure(status: number): Error {
  const message = `it answers with status ${status}`
  if (status === 429 || status >= 500) return new Error(message)
  const hint =
    status === 401 || status === 403 ? '; has the job permissions: { id-token: write }, and does it still run?' : ''
  return new Final(`${message}${hint}`)
}

/** The answer is `{"count": 1234, "value": "TOKEN"}`. */
function tokenOf(text: string): string {
  try {
    const { value } = JSON.parse(text) as { value?: unknown }
    if (typeof value === 'string') return value
  } catch {
    // The same failure as for JSON of another kind.
  }
  throw new Final('it answers without a token')
}

function why(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed'
  if (error.name === 'TimeoutError') return 'no whole answer in time'
  // fetch says "fetch failed", and the reason is its cause.
  const cause = error.cause instanceof Error ? error.cause : error
  return cause.message || ((cause as NodeJS.ErrnoException).code ?? cause.name)
}
