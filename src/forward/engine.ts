import net from 'node:net'
import { Pool } from 'undici'
import { headerValue } from '../inspect/raw-headers.ts'
import { type Connections, createConnections } from './connections.ts'

/** The Docker Engine behind the gate: one unix socket, HTTP/1.1 only (HTTP/2 there skips the engine's own routing). */
export interface Engine {
  readonly socketPath: string
  /** Requests whose body is at hand: no bound on connections (200 `logs -f` must not starve `_ping`), no time-outs. */
  readonly connections: Connections
  /** All other requests, and the gate's own; no bound and no time-outs either, no pipelining. */
  readonly pool: Pool
  /** A connection for one hijacked stream; half-close works both ways, and failed writes lose no answer. */
  connect(): net.Socket
  /** The `Api-Version` that the engine last gave, or null before its first answer. */
  apiVersion(): string | null
  /** Takes the version from an answer's header list. */
  noteApiVersion(rawHeaders: readonly string[]): void
  close(): Promise<void>
}

/** The engine takes large heads (X-Registry-Config holds every credential of a build); so do we, within reason. */
export const ENGINE_HEAD_BYTES = 1024 * 1024

/** Opens the way to the engine; nothing connects before the first request. */
export function createEngine(socketPath: string): Engine {
  const open = (options: { readonly onread?: net.OnReadOpts } = {}) =>
    swallowWriteErrors(net.connect({ path: socketPath, allowHalfOpen: true, ...options }))
  const connect = () => open()
  const connections = createConnections((onread) => open({ onread }))
  const pool = new Pool('http://docker', {
    connect: (_options, done) => {
      const socket = connect()
      socket.once('error', (error) => done(error, null))
      socket.once('connect', () => done(null, socket))
    },
    connections: null,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: ENGINE_HEAD_BYTES,
    allowH2: false,
  })
  let apiVersion: string | null = null
  return {
    socketPath,
    connections,
    pool,
    connect,
    apiVersion: () => apiVersion,
    noteApiVersion(rawHeaders) {
      apiVersion = headerValue(rawHeaders, 'api-version') ?? apiVersion
    },
    close() {
      connections.close()
      return pool.destroy()
    },
  }
}

/**
 * Asks the engine for its API version, so that our own answers can name it. Resolves to whether it answered well; that it
 * does not is no error, since it may start later.
 *
 * @param signal ends the waiting for it
 */
export async function probeEngine(engine: Engine, signal: AbortSignal | null = null): Promise<boolean> {
  try {
    const { statusCode, headers, body } = await engine.pool.request({
      method: 'GET',
      path: '/_ping',
      responseHeaders: 'raw',
      signal,
    })
    engine.noteApiVersion(headers as unknown as string[])
    await body.dump()
    return statusCode === 200
  } catch {
    return false
  }
}

/**
 * Node destroys a socket on a failed write, and with it everything that was not yet read: the engine may answer and close
 * without reading its input (a refused upload, a command that ignores its stdin). The engine's end is told by its
 * reading side alone, so what its writing side reports is dropped before the stream machinery hears of it. Returns the
 * same socket.
 */
export function swallowWriteErrors(socket: net.Socket): net.Socket {
  const { _write, _writev, _final } = socket
  socket._write = (chunk, encoding, done) => _write.call(socket, chunk, encoding, () => done())
  if (_writev) socket._writev = (chunks, done) => _writev.call(socket, chunks, () => done())
  socket._final = (done) => _final.call(socket, () => done())
  return socket
}
