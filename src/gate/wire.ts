import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { type Duplex, pipeline } from 'node:stream'
import { clientHeaders } from '../forward/response-headers.ts'
import type { Reshaping, Shape } from '../objects/types.ts'
import { readWhole } from '../read-whole.ts'
import type { Answer } from './answer.ts'

/** The other side may take this long to read the last bytes and close. */
const LINGER_MS = 10_000
/** A client whose request was answered early may go on sending it for this long, so that it reads the answer instead of a reset. */
const DISCARD_MS = 10_000
/** What the engine answers instead of switching protocols is a message. */
const WHOLE_BYTES = 1024 * 1024

/** Calls back once when the response is over, or the connection under it: a pipelined response may never get to its own end. */
export function onceOver({ socket }: IncomingMessage, response: ServerResponse, over: () => void): void {
  let ended = false
  const end = () => {
    // The connection's close emits the response's inside its own: the listener that is taken off is called all the same.
    if (ended) return
    ended = true
    socket.off('close', end)
    response.off('close', end)
    over()
  }
  socket.once('close', end)
  response.once('close', end)
}

/** Reads what is left of a request that was answered before its end: closing now would reset the connection under the answer. */
export function discard(request: IncomingMessage): void {
  const { socket } = request
  const timer = setTimeout(() => socket.destroy(), DISCARD_MS)
  const over = () => {
    clearTimeout(timer)
    socket.off('close', over)
  }
  socket.once('close', over)
  request.once('close', over)
  request.resume()
}

/** Writes an answer of ours on a bare connection (an upgrade, a malformed request) and ends it. */
export function writeAnswer(socket: Duplex, { status, headers, body }: Answer): void {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\nConnection: close\r\n`
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), Buffer.from(body)]))
  linger(socket)
}

/** The engine's 101, rebuilt: its end-to-end fields, and an Upgrade of our own. */
export function switchingHead(response: IncomingMessage, protocol: string): Buffer {
  const status = `HTTP/1.1 101 ${response.statusMessage || 'Switching Protocols'}\r\n`
  return Buffer.from(`${status}${lines(response)}Connection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`, 'latin1')
}

export interface Relayed {
  /** Bytes of the body that were handed on. */
  readonly bytes: number
  readonly end: 'complete' | 'client-gone' | 'engine-broken'
}

/**
 * Relays an ordinary answer on a bare connection: Content-Length as the engine gave it, otherwise the body ends with the
 * connection (RFC 9112 section 6.3). Resolves when the client has it all, or the stream broke; never rejects.
 */
export async function relayAnswer(
  socket: Duplex,
  response: IncomingMessage,
  shape: Shape | null = null,
): Promise<Relayed> {
  const reshaping = shape?.(response.statusCode ?? 502) ?? null
  return reshaping?.kind === 'whole' ? relayWhole(socket, response, reshaping) : relay(socket, response)
}

/** An error that tells of no more than it may. */
async function relayWhole(
  socket: Duplex,
  response: IncomingMessage,
  { change }: Extract<Reshaping, { kind: 'whole' }>,
): Promise<Relayed> {
  const told = await readWhole(response, WHOLE_BYTES).catch(() => null)
  if (told === null) {
    socket.destroy()
    return { bytes: 0, end: 'engine-broken' }
  }
  const { status, bytes } = await change(told)
  const type = { 'Content-Type': 'application/json', 'Content-Length': String(bytes.length) }
  writeAnswer(socket, { status, headers: type, body: bytes })
  return { bytes: bytes.length, end: 'complete' }
}

function relay(socket: Duplex, response: IncomingMessage): Promise<Relayed> {
  return new Promise((resolve) => {
    let bytes = 0
    const status = `HTTP/1.1 ${response.statusCode} ${response.statusMessage}\r\n`
    socket.write(Buffer.from(`${status}${lines(response)}Connection: close\r\n\r\n`, 'latin1'))
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    pipeline(response, socket, (error) => {
      linger(socket)
      if (!error) resolve({ bytes, end: 'complete' })
      else resolve({ bytes, end: response.complete ? 'client-gone' : 'engine-broken' })
    })
  })
}

function lines(response: IncomingMessage): string {
  const headers = clientHeaders(response.rawHeaders)
  let text = ''
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return text
}

/** Ends a connection whose client neither reads nor closes; what it still sends is discarded. */
function linger(socket: Duplex): void {
  if (socket.destroyed) return
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
  socket.on('error', () => socket.destroy())
  socket.resume()
}
