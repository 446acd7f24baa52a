/** Where a body ends (RFC 9112 section 6.3). */
type AnswerFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** With the connection. */
  | { readonly kind: 'close' }

/** The head of one answer. */
export interface AnswerHead {
  readonly status: number
  /** Name and value pairs in one flat list, as they came. */
  readonly rawHeaders: string[]
  readonly framing: AnswerFraming
  /** Whether the connection can be used again. */
  readonly keepsAlive: boolean
}

const NONE: AnswerFraming = { kind: 'none' }
const CHUNKED: AnswerFraming = { kind: 'chunked' }
const CLOSE: AnswerFraming = { kind: 'close' }

/** What stands behind the status is for people. */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: |\r|$)/

/**
 * Reads the head of an answer of HTTP/1.1 or 1.0 (RFC 9112 sections 4 to 6). Strict where readers might disagree: one
 * Content-Length at most, no transfer coding but `chunked`, never both, no folded lines. What else a field may not hold is
 * refused by whoever writes it on: Node's writers take no control character.
 *
 * @param text as Latin-1, without the empty line at its end
 * @param method of the request
 * @throws Error when it is none
 */
export function readAnswerHead(text: string, method: string): AnswerHead {
  const line = STATUS_LINE.exec(text)
  if (line === null) throw new Error('an answer without a status line')
  const status = Number(line[2])
  const rawHeaders: string[] = []
  let length: number | null = null
  let isChunked = false
  let keepsAlive = line[1] === '1'
  let at = text.indexOf('\r\n')
  while (at >= 0) {
    const begin = at + 2
    at = text.indexOf('\r\n', begin)
    const end = at < 0 ? text.length : at
    const colon = text.indexOf(':', begin)
    const first = text.charCodeAt(begin)
    if (colon <= begin || colon > end || first === SPACE || first === TAB)
      throw new Error('a header field without a name')
    const name = text.slice(begin, colon)
    const value = text.slice(colon + 1, end).trim()
    rawHeaders.push(name, value)
    // By their length first: most fields are none of these.
    if (name.length === 10 && name.toLowerCase() === 'connection') keepsAlive &&= !value.toLowerCase().includes('close')
    else if (name.length === 14 && name.toLowerCase() === 'content-length') length = oneLength(value, length)
    else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (isChunked || value.toLowerCase() !== 'chunked') throw new Error('a transfer coding that is not "chunked"')
      isChunked = true
    }
  }
  if (isChunked && length !== null) throw new Error('Content-Length beside Transfer-Encoding')
  const framing = framingOf(status, method, length, isChunked)
  return { status, rawHeaders, framing, keepsAlive: keepsAlive && framing.kind !== 'close' }
}

const SPACE = 0x20
const TAB = 0x09

function oneLength(value: string, before: number | null): number {
  if (before !== null || !/^\d{1,15}$/.test(value)) throw new Error('no single Content-Length')
  return Number(value)
}

function framingOf(status: number, method: string, length: number | null, isChunked: boolean): AnswerFraming {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304 || length === 0) return NONE
  if (isChunked) return CHUNKED
  return length === null ? CLOSE : { kind: 'length', length }
}
