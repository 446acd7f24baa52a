import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Attachment, BOUNDS, type DemoState, EngineError } from './state.ts'

/** One request that reached a route. */
export interface Call {
  readonly state: DemoState
  /** Decoded path parameters. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** `"1.41"`; the newest version for an unversioned path. */
  readonly version: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Reads the JSON body; null prototype is not needed because nothing is looked up by the client's keys. */
  json(): Promise<Record<string, unknown>>
  /** Takes the connection over as dockerd does: 101 UPGRADED when the client asked, else 200 and a raw stream. */
  hijack(contentType: string): Hijacked
}

export interface Hijacked {
  readonly socket: Socket
  /** Bytes that the client sent behind the request's body; the rest comes from the socket. Null without an upgrade. */
  readonly input: AsyncIterable<Buffer> | null
}

/** Sends a JSON answer with the Content-Type that the docker client wants, without charset. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`)
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length })
  response.end(body)
}

/** Sends an answer without a body (204, 304, or 200 for old operations). */
export function sendEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status, status === 200 ? { 'Content-Length': 0 } : {})
  response.end()
}

/** Parses a JSON object of at most `BOUNDS.bodyBytes`; throws 400 and 413 as an EngineError. */
export function parseJson(contentType: string | undefined, body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {}
  if ((contentType ?? '').split(';', 1)[0]?.trim() !== 'application/json') {
    throw new EngineError(400, `unsupported Content-Type header (${contentType ?? ''}): must be 'application/json'`)
  }
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    throw new EngineError(400, 'invalid JSON in the request body')
  }
  throw new EngineError(400, 'the request body must be a JSON object')
}

/** Collects a body of bounded size; throws 413 beyond. */
export async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of source) {
    length += chunk.length
    if (length > BOUNDS.bodyBytes) throw new EngineError(413, 'the demo engine takes small bodies only')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The media type of an attached stream: multiplexed from API 1.42 on unless there is a terminal. */
export function streamType(version: string, tty: boolean): string {
  const multiplexed = !tty && Number(version.split('.')[1]) >= 42
  return `application/vnd.docker.${multiplexed ? 'multiplexed' : 'raw'}-stream`
}

/** One frame of the multiplexed format: channel, three zero bytes, length (32 bit, big endian), payload. */
export function frame(channel: 1 | 2, bytes: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt8(channel, 0)
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

/** A hijacked connection as a place for output; with a terminal the bytes go out bare, else in frames. */
export function attachTo({ socket, input }: Hijacked, tty: boolean, wantsStdin: boolean): Attachment {
  if (!wantsStdin || input === null) socket.resume()
  return {
    stdin: wantsStdin ? input : null,
    write: (channel, bytes) => socket.write(tty ? bytes : frame(channel, bytes)),
    drained: () =>
      new Promise((resolve) => {
        if (!socket.writableNeedDrain || socket.destroyed) return resolve()
        const done = () => {
          socket.off('drain', done)
          socket.off('close', done)
          resolve()
        }
        socket.on('drain', done)
        socket.on('close', done)
      }),
    end: () => {
      socket.resume()
      socket.end()
    },
  }
}
