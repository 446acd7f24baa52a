/** A request as it is sent. `headers` is a flat name, value list, Host among them. */
export interface EngineRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
  /** At hand, or written later piece by piece. */
  readonly body: Buffer | StreamedBody | null
}

/** A body that is written piece by piece. */
export interface StreamedBody {
  /** Null: it is sent in chunks, as nobody knows. */
  readonly length: number | null
  /** Told when more may be written, after a write that asked to wait. */
  onDrain(): void
}

/** A body may come with these: without one they say so (RFC 9110 section 8.6). */
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])
/** No target and no field holds any of these: everything that is sent is what was judged. */
const NO_TARGET = /[^\x21-\x7e]/
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/**
 * The head of a request with the framing of its body.
 *
 * @throws Error when something in it would be read as something else
 */
export function headOf({ method, path, headers, body }: EngineRequest): string {
  if (NO_TARGET.test(path)) throw new Error('a request target with characters that none can hold')
  let head = `${method} ${path} HTTP/1.1\r\n`
  for (let i = 0; i < headers.length; i += 2) {
    const line = `${headers[i]}: ${headers[i + 1]}`
    if (NO_VALUE.test(line)) throw new Error(`a header field ${headers[i]} with characters that none can hold`)
    head += `${line}\r\n`
  }
  if (body !== null && body.length === null) head += 'Transfer-Encoding: chunked\r\n'
  else if (body !== null || WITH_BODY.has(method)) head += `Content-Length: ${body?.length ?? 0}\r\n`
  return `${head}\r\n`
}
