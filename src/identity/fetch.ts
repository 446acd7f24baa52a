/** Bytes. The largest key sets in use (Microsoft's, Google's) have a few tens of KiB. */
const MAX_ANSWER_BYTES = 512 * 1024

/** An issuer's keys cannot be had. `message` is for the operator: it may name hosts that clients need not know. */
export class KeysUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'KeysUnavailable'
  }
}

/**
 * Fetches a small text. Redirects are not followed: keys come from where the configuration says, or not at all.
 *
 * @param signal ends the exchange, the reading of the body included
 * @throws KeysUnavailable (as a rejection) for anything but status 200 with at most 512 KiB of UTF-8
 */
export async function fetchText(url: URL, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, { signal, redirect: 'manual', headers: { accept: 'application/json' } })
    if (response.status !== 200) {
      await response.body?.cancel()
      const redirect = response.status >= 300 && response.status < 400 ? ' (redirects are not followed)' : ''
      throw new KeysUnavailable(`${url.href} answers with status ${response.status}${redirect}`)
    }
    return await readBody(url, response)
  } catch (error) {
    if (error instanceof KeysUnavailable) throw error
    throw new KeysUnavailable(`${url.href}: ${why(error)}`, { cause: error })
  }
}

async function readBody(url: URL, response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_ANSWER_BYTES) throw new KeysUnavailable(`${url.href} answers with more than 512 KiB`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no whole answer in time'
  // fetch says "fetch failed", and the reason is its cause.
  const cause = error.cause instanceof Error ? error.cause : error
  return cause.message || (cause as NodeJS.ErrnoException).code || cause.name
}
