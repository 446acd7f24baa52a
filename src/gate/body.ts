import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import type { BodySource } from '../inspect/inspect.ts'
import { Refusal } from '../refusal.ts'

/** What a body of a few options fits into. */
const FIRST_BYTES = 4096

/** Says `100 Continue` when the client waits for it; to be called only after the decision. */
export function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  // HTTP/1.0 has no interim answers (RFC 9110 section 10.1.1).
  if (request.headers.expect !== undefined && request.httpVersion !== '1.0') response.writeContinue()
}

export interface UpgradeBody extends BodySource {
  /** What the client sent behind its request: the first bytes of the hijacked stream. */
  rest(): Buffer
}

/**
 * The body of an upgrade request. Node up to 24 leaves it in `head` and the socket, Node 26 gives it on the request: so
 * the request is drained first, and what is missing of Content-Length is taken from the socket. Chunked is refused:
 * nobody sends it, and its end could not be told from the stream behind it.
 */
export function upgradeBody(request: IncomingMessage, socket: Duplex, head: Buffer, timeout: number): UpgradeBody {
  let rest = head
  const length = Number(request.headers['content-length'] ?? 0)
  return {
    rest: () => rest,
    async read(limit) {
      if (request.headers['transfer-encoding'] !== undefined) {
        throw new Refusal('upgrade-malformed', 'a request that upgrades must give its body with Content-Length')
      }
      if (length > limit) throw tooLarge(limit)
      if (request.headers.expect !== undefined) socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      const drained = await collect(request, limit, timeout)
      const missing = length - drained.length
      if (rest.length < missing) rest = Buffer.concat([rest, await take(socket, missing - rest.length, timeout)])
      const body = Buffer.concat([drained, rest.subarray(0, missing)])
      rest = rest.subarray(missing)
      return body
    },
  }
}

/**
 * Everything that a stream holds, at most `limit` bytes, within `timeout` milliseconds.
 *
 * @throws Refusal (as a rejection) `body-too-large`, `body-timeout`, `client-gone`
 */
export function collect(request: Readable, limit: number, timeout: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // One buffer that grows: kept apart, a body in chunks of one byte would cost a hundred times its size.
    let body = Buffer.allocUnsafe(FIRST_BYTES)
    let size = 0
    const settle = (error: Refusal | null) => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
      if (error === null) resolve(body.subarray(0, size))
      else reject(error)
    }
    const onData = (chunk: Buffer) => {
      if (size + chunk.length > limit) return settle(tooLarge(limit))
      body = fitting(body, size, size + chunk.length)
      size += chunk.copy(body, size)
    }
    const onEnd = () => settle(null)
    const onClose = () => settle(brokenOff())
    const timer = setTimeout(() => settle(tooLate(timeout)), timeout)
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
    if (request.readableEnded) onEnd()
    else if (request.destroyed) onClose()
  })
}

/** `buffer` with room for `wanted` bytes, the first `used` of them as they were. */
function fitting(buffer: Buffer<ArrayBuffer>, used: number, wanted: number): Buffer<ArrayBuffer> {
  if (wanted <= buffer.length) return buffer
  const larger = Buffer.allocUnsafe(Math.max(wanted, 2 * buffer.length))
  buffer.copy(larger, 0, 0, used)
  return larger
}

/** At least `length` further bytes of the socket, which stays paused afterwards. */
function take(socket: Duplex, length: number, timeout: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (error: Refusal | null) => {
      clearTimeout(timer)
      socket.pause()
      socket.off('data', onData).off('end', onClose).off('close', onClose)
      if (error === null) resolve(Buffer.concat(chunks))
      else reject(error)
    }
    const onData = (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size >= length) settle(null)
    }
    const onClose = () => settle(brokenOff())
    const timer = setTimeout(() => settle(tooLate(timeout)), timeout)
    socket.on('data', onData).on('end', onClose).on('close', onClose)
    if (socket.destroyed) onClose()
  })
}

export function brokenOff(): Refusal {
  return new Refusal('client-gone', 'the client went away inside its request')
}

function tooLate(timeout: number): Refusal {
  return new Refusal('body-timeout', `the body did not arrive within ${timeout} ms`)
}

function tooLarge(limit: number): Refusal {
  return new Refusal('body-too-large', `the body is larger than ${limit} bytes`)
}
