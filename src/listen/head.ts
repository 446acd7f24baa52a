import type { IncomingMessage } from 'node:http'
import type { ListenerConfig } from '../config/schema.ts'
import { Refusal } from '../refusal.ts'

type Limits = ListenerConfig['limits']

/** How the request's body is framed (RFC 9112 section 6). `length` is null for chunked. */
export interface Framing {
  readonly present: boolean
  readonly length: number | null
}

/** Fields whose repetition would let two readers of one request disagree about it. */
const ONCE = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'content-type',
  'content-encoding',
  'expect',
  'upgrade',
])

/**
 * Checks what Node's parser leaves open in a request head: limits of the listener, fields that may appear only once,
 * and the framing of the body (RFC 9112 section 6.3: Content-Length or chunked, never both).
 *
 * @throws Refusal `headers-too-many`, `target-too-long`, `header-repeated`, `http-malformed`, `expectation-unknown`
 */
export function checkHead(request: IncomingMessage, target: string, limits: Limits): Framing {
  const raw = request.rawHeaders
  if (raw.length / 2 > limits.headerCount) {
    throw new Refusal(
      'headers-too-many',
      `the request has ${raw.length / 2} header fields; this listener takes ${limits.headerCount}`,
    )
  }
  if (target.length > limits.targetBytes) {
    throw new Refusal(
      'target-too-long',
      `the request target has ${target.length} bytes; this listener takes ${limits.targetBytes}`,
    )
  }
  if (request.httpVersion !== '1.1' && request.httpVersion !== '1.0') {
    throw new Refusal('http-malformed', `HTTP/${request.httpVersion} is not spoken here`)
  }
  refuseRepeats(raw)
  const { expect, host } = request.headers
  if (host === undefined && request.httpVersion === '1.1')
    throw new Refusal('http-malformed', 'the request names no Host')
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new Refusal('expectation-unknown', 'no Expect but "100-continue" is met')
  }
  return framing(request)
}

function refuseRepeats(raw: readonly string[]): void {
  let seen: string[] | null = null
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (!ONCE.has(name)) continue
    if (seen?.includes(name)) throw new Refusal('header-repeated', `the header field ${name} appears twice`)
    if (seen) seen.push(name)
    else seen = [name]
  }
}

function framing(request: IncomingMessage): Framing {
  const { 'transfer-encoding': encoding, 'content-length': length } = request.headers
  if (encoding !== undefined) {
    if (length !== undefined)
      throw new Refusal('http-malformed', 'Content-Length and Transfer-Encoding exclude each other')
    if (encoding.toLowerCase() !== 'chunked')
      throw new Refusal('http-malformed', 'no Transfer-Encoding but "chunked" is taken')
    return { present: true, length: null }
  }
  if (length === undefined) return { present: false, length: 0 }
  const bytes = parseLength(length)
  if (bytes === null) throw new Refusal('http-malformed', 'Content-Length is not a decimal number')
  return { present: bytes > 0, length: bytes }
}

function parseLength(text: string): number | null {
  if (text.length === 0 || text.length > 15) return null
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return null
  }
  return Number(text)
}
