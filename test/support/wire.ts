/** A strict reader of HTTP/1.1 (RFC 9112) for tests: what it does not understand exactly, it refuses. */

export type Header = readonly [name: string, value: string]

/** The start line and the header fields of a message, and how many bytes they took. */
export interface Head {
  readonly startLine: string
  readonly headers: readonly Header[]
  readonly size: number
}

export type Framing =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** Up to the end of the connection: answers only. */
  | { readonly kind: 'close' }

/** The bytes are not a message that this reader accepts. */
export class WireError extends Error {}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Reads a head from the start of `bytes`; null while it is incomplete. Throws WireError. */
export function readHead(bytes: Buffer): Head | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [startLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  if (/[\r\n\0]/.test(startLine))
    throw new WireError(`bare CR, LF or NUL in the start line ${JSON.stringify(startLine)}`)
  return { startLine, headers: lines.map(readField), size: end + 4 }
}

function readField(line: string): Header {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon)
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')
  if (colon < 0 || !TOKEN.test(name)) throw new WireError(`not a header field: ${JSON.stringify(line)}`)
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new WireError(`control character in field ${name}`)
  return [name, value]
}

/** All values of a field, in order. */
export function valuesOf(headers: readonly Header[], name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

/** How the body is delimited; null when neither field says. Throws WireError for anything ambiguous. */
export function framingOf(headers: readonly Header[]): Framing | null {
  const lengths = valuesOf(headers, 'content-length')
  const encodings = valuesOf(headers, 'transfer-encoding')
  if (encodings.length > 0) {
    if (lengths.length > 0) throw new WireError('Content-Length together with Transfer-Encoding')
    if (encodings.length > 1 || encodings[0] !== 'chunked')
      throw new WireError(`Transfer-Encoding: ${encodings.join(', ')}`)
    return { kind: 'chunked' }
  }
  if (lengths.length === 0) return null
  if (lengths.length > 1 || !/^(0|[1-9][0-9]{0,14})$/.test(lengths[0] ?? '')) {
    throw new WireError(`Content-Length: ${lengths.join(' and ')}`)
  }
  return { kind: 'length', length: Number(lengths[0]) }
}

/** A body that was read whole: its bytes, and where in the input it ends. */
export interface Body {
  readonly body: Buffer
  readonly end: number
}

/** Reads a body that starts at `offset`; null while it is incomplete. `ended`: no more bytes will come. */
export function readBody(bytes: Buffer, offset: number, framing: Framing, ended: boolean): Body | null {
  if (framing.kind === 'chunked') return readChunks(bytes, offset)
  if (framing.kind === 'close') return ended ? { body: bytes.subarray(offset), end: bytes.length } : null
  const end = offset + framing.length
  return bytes.length < end ? null : { body: bytes.subarray(offset, end), end }
}

function readChunks(bytes: Buffer, offset: number): Body | null {
  const chunks: Buffer[] = []
  let at = offset
  for (;;) {
    const eol = bytes.indexOf('\r\n', at)
    if (eol < 0) return null
    const line = bytes.toString('latin1', at, eol)
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw new WireError(`chunk size line ${JSON.stringify(line)}`)
    const size = Number.parseInt(line, 16)
    at = eol + 2
    if (bytes.length < at + size + 2) return null
    if (bytes.toString('latin1', at + size, at + size + 2) !== '\r\n') {
      throw new WireError(size === 0 ? 'trailer fields' : 'chunk data without its end of line')
    }
    if (size === 0) return { body: Buffer.concat(chunks), end: at + 2 }
    chunks.push(bytes.subarray(at, at + size))
    at += size + 2
  }
}

/** Lets somebody wait until a condition holds; whoever changes what it depends on calls `changed()`. */
export interface Watch {
  changed(): void
  until(condition: () => boolean, ms: number, what: () => string): Promise<void>
}

/** Makes a Watch; no polling. */
export function createWatch(): Watch {
  const waiting = new Set<() => void>()
  return {
    changed: () => {
      for (const look of waiting) look()
    },
    until: (condition, ms, what) =>
      new Promise((resolve, reject) => {
        if (condition()) return resolve()
        const late = new Error()
        const done = (finish: () => void) => {
          clearTimeout(timer)
          waiting.delete(look)
          finish()
        }
        const look = () => {
          if (condition()) done(resolve)
        }
        const timer = setTimeout(() => {
          late.message = `not within ${ms} ms: ${what()}`
          done(() => reject(late))
        }, ms)
        waiting.add(look)
      }),
  }
}
