import { rootCertificates } from 'node:tls'
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici'

/** Bytes. The largest key sets in use (Microsoft's, Google's) have a few tens of KiB. */
const MAX_ANSWER_BYTES = 512 * 1024

/** An issuer's keys cannot be had. `message` is for the operator: it may name hosts that clients need not know. */
export class KeysUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'KeysUnavailable'
  }
}

/** How an issuer is reached. */
export interface Route {
  /** PEM of the authorities that its server's certificate is verified against, instead of Node's own. */
  readonly ca?: string | undefined
  /** URL of an HTTP proxy, to which the connection is a CONNECT tunnel (RFC 9110 section 9.3.6). */
  readonly proxy?: string | undefined
}

/**
 * Makes the dispatcher of a route. Nothing is taken from the environment (`HTTPS_PROXY` and the like): keys come the
 * way that the configuration says, or not at all.
 */
export function openRoute({ ca, proxy }: Route): Dispatcher {
  const tls = ca === undefined ? {} : { ca }
  if (proxy === undefined) return new Agent({ connect: tls })
  // A proxy inside of a company often has its certificate from the same authority as the issuer; it proves nothing about keys.
  const proxyTls = ca === undefined ? {} : { ca: [...rootCertificates, ca] }
  return new ProxyAgent({ uri: proxy, requestTls: tls, proxyTls })
}

/**
 * Fetches a small text. Redirects are not followed: keys come from where the configuration says, or not at all.
 *
 * @param signal ends the exchange, the reading of the body included
 * @throws KeysUnavailable (as a rejection) for anything but status 200 with at most 512 KiB of UTF-8
 */
export async function fetchText(url: URL, route: Dispatcher, signal: AbortSignal): Promise<string> {
  try {
    const headers = { accept: 'application/json, application/jwk-set+json', 'user-agent': 'dockgate' }
    // `reset`: fetches are minutes apart, and an idle connection is only one more thing that can break.
    const { statusCode, body } = await request(url, { dispatcher: route, signal, headers, reset: true })
    // Destroyed below when it is not wanted: that is no error of ours.
    body.on('error', () => {})
    try {
      if (statusCode === 200) return await readBody(url, body)
    } finally {
      body.destroy()
    }
    const redirect = statusCode >= 300 && statusCode < 400 ? ' (redirects are not followed)' : ''
    throw new KeysUnavailable(`${url.href} answers with status ${statusCode}${redirect}`)
  } catch (error) {
    if (error instanceof KeysUnavailable) throw error
    throw new KeysUnavailable(`${url.href}: ${why(error)}`, { cause: error })
  }
}

async function readBody(url: URL, body: AsyncIterable<Buffer>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > MAX_ANSWER_BYTES) throw new KeysUnavailable(`${url.href} answers with more than 512 KiB`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no whole answer in time'
  // A connection that was tried over IPv4 and IPv6 fails with both reasons and no message of its own.
  const cause = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error
  return cause.message || (cause as NodeJS.ErrnoException).code || cause.name
}
