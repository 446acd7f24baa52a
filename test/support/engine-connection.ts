import type net from 'node:net'
import { type Framing, framingOf, type Head, readBody, readHead, valuesOf, type Watch, WireError } from './wire.ts'

/** A connection that somebody made to the engine, and everything that it carried. */
export interface EngineConnection {
  readonly id: number
  /** Every byte that arrived, in order. */
  readonly received: Buffer
  /** What arrived after `hijack()`. */
  readonly tunnelled: Buffer
  /** Why the bytes could not be read as HTTP/1.1; null while they could. */
  readonly malformed: string | null
  /** The peer sent its end, or the connection is closed. */
  readonly ended: boolean
  readonly closed: boolean
  /** Resolves when the bytes are with the kernel, or the connection is closed. */
  write(bytes: string | Buffer): Promise<void>
  /** Half-closes. */
  end(): void
  /** Drops the connection at once; the peer sees a reset when bytes of its own were not read. */
  destroy(): void
  /** From here on what arrives is no HTTP: it goes to `tunnelled`, and to `onBytes`. */
  hijack(onBytes?: (bytes: Buffer) => void): void
  /** Stops reading: what the peer sends stays in the kernel. */
  stopReading(): void
  waitForTunnelled(wanted: string | number): Promise<Buffer>
  /** Resolve when `ended` and `closed` come true, however long that takes. */
  readonly whenEnded: Promise<void>
  readonly whenClosed: Promise<void>
  /** The same, but rejecting with a clear message after some seconds. */
  waitForEnd(): Promise<void>
  waitForClose(): Promise<void>
}

/** A request that was read strictly. */
export interface RecordedRequest {
  readonly method: string
  readonly target: string
  readonly headers: Head['headers']
  /** All values of a header field, in order. */
  values(name: string): string[]
  /** The body so far; whole when `complete`. */
  readonly body: Buffer
  readonly complete: boolean
  /** Resolves when the body is whole. Never rejects: it stays open when the peer breaks off. */
  readonly whole: Promise<void>
  readonly connection: EngineConnection
}

const TIMEOUT_MS = 4_000

/** What the engine does with what a connection reads. */
export interface Recorder {
  onBytes(count: number): void
  onRequest(request: RecordedRequest): void
  answer(request: RecordedRequest): void | Promise<void>
}

interface Pending {
  readonly headSize: number
  readonly framing: Framing
  finish(body: Buffer): void
}

/** Reads and records one connection to the engine. */
export function openConnection(id: number, socket: net.Socket, watch: Watch, recorder: Recorder): EngineConnection {
  const received = createBytes()
  const tunnelled = createBytes()
  const state = { at: 0, hijacked: false, busy: false, malformed: null as string | null, ended: false, closed: false }
  let pending: Pending | null = null
  let onTunnelled: ((bytes: Buffer) => void) | undefined
  const end = Promise.withResolvers<void>()
  const close = Promise.withResolvers<void>()

  const connection: EngineConnection = {
    id,
    get received() {
      return received.all()
    },
    get tunnelled() {
      return tunnelled.all()
    },
    get malformed() {
      return state.malformed
    },
    get ended() {
      return state.ended
    },
    get closed() {
      return state.closed
    },
    write: (bytes) =>
      new Promise((resolve) => {
        // Also after a destroy the caller waits for the close, or a loop of writes would never let it happen.
        socket.once('close', resolve)
        if (socket.destroyed) return state.closed ? resolve() : undefined
        socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, () => {
          socket.off('close', resolve)
          resolve()
        })
      }),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    hijack: (onBytes) => {
      state.hijacked = true
      onTunnelled = onBytes
      advance()
    },
    stopReading: () => void socket.pause(),
    waitForTunnelled: async (wanted) => {
      const enough = () => (typeof wanted === 'number' ? tunnelled.length >= wanted : tunnelled.all().includes(wanted))
      await watch.until(
        enough,
        TIMEOUT_MS,
        () => `${wanted} in the tunnel; got ${JSON.stringify(tunnelled.all().toString('latin1').slice(0, 500))}`,
      )
      return tunnelled.all()
    },
    whenEnded: end.promise,
    whenClosed: close.promise,
    waitForEnd: () =>
      watch.until(
        () => state.ended,
        TIMEOUT_MS,
        () => `the end of engine connection ${id}`,
      ),
    waitForClose: () =>
      watch.until(
        () => state.closed,
        TIMEOUT_MS,
        () => `the close of engine connection ${id}`,
      ),
  }

  function advance(): void {
    try {
      while (state.malformed === null && step());
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      state.malformed = error.message
    }
    watch.changed()
  }

  /** Reads one thing further; false when there is nothing to do before more bytes or an answer come. */
  function step(): boolean {
    const rest = received.all().subarray(state.at)
    if (pending !== null) {
      const body = readBody(rest, pending.headSize, pending.framing, state.ended)
      if (body === null) return false
      state.at += body.end
      pending.finish(body.body)
      pending = null
      return true
    }
    if (state.hijacked) {
      if (rest.length === 0) return false
      state.at += rest.length
      tunnelled.push(rest)
      onTunnelled?.(rest)
      return true
    }
    const head = state.busy ? null : readHead(rest)
    if (head === null) return false
    begin(head)
    return true
  }

  function begin(head: Head): void {
    const [method = '', target = '', version, ...more] = head.startLine.split(' ')
    if (version !== 'HTTP/1.1' || more.length > 0) throw new WireError(`request line ${JSON.stringify(head.startLine)}`)
    let body = Buffer.alloc(0)
    let complete = false
    const { promise: whole, resolve } = Promise.withResolvers<void>()
    pending = {
      headSize: head.size,
      framing: framingOf(head.headers) ?? { kind: 'length', length: 0 },
      finish: (bytes) => {
        body = Buffer.from(bytes)
        complete = true
        resolve()
      },
    }
    const request: RecordedRequest = {
      method,
      target,
      headers: head.headers,
      values: (name) => valuesOf(head.headers, name),
      get body() {
        return body
      },
      get complete() {
        return complete
      },
      whole,
      connection,
    }
    recorder.onRequest(request)
    state.busy = true
    void Promise.resolve(recorder.answer(request)).then(() => {
      state.busy = false
      advance()
    })
  }

  // Every write that is under way listens for the close.
  socket.setMaxListeners(0)
  socket.on('data', (chunk: Buffer) => {
    recorder.onBytes(chunk.length)
    received.push(chunk)
    advance()
  })
  socket.on('end', () => {
    state.ended = true
    end.resolve()
    // A body that will never be whole leaves its request unanswered.
    if (!state.hijacked && (!state.busy || pending !== null)) socket.end()
    advance()
  })
  socket.on('close', () => {
    state.ended = true
    state.closed = true
    end.resolve()
    close.resolve()
    advance()
  })
  socket.on('error', () => {})
  return connection
}

function createBytes() {
  const chunks: Buffer[] = []
  let length = 0
  return {
    get length() {
      return length
    },
    push: (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
    },
    all: (): Buffer => {
      if (chunks.length > 1) chunks.splice(0, chunks.length, Buffer.concat(chunks))
      return chunks[0] ?? Buffer.alloc(0)
    },
  }
}
