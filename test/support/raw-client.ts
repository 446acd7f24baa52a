import net from 'node:net'
import tls from 'node:tls'
import { createWatch, framingOf, type Header, readBody, readHead, valuesOf, WireError } from './wire.ts'

export type Endpoint =
  | { readonly host: string; readonly port: number; readonly tls?: tls.ConnectionOptions }
  | { readonly path: string }

/** One HTTP answer, read strictly. */
export interface RawAnswer {
  readonly statusLine: string
  readonly status: number
  readonly headers: readonly Header[]
  /** The field's only value; undefined when absent; throws when it appears twice. */
  header(name: string): string | undefined
  values(name: string): string[]
  readonly body: Buffer
  text(): string
  json(): unknown
}

export interface RawConnection {
  readonly socket: net.Socket
  /** Everything that came so far. */
  received(): Buffer
  /** Writes, and lets the other side of this event loop look at it before the next write. */
  write(bytes: string | Buffer): Promise<void>
  /** The next complete answer, in order; interim ones (100) count. `bodiless`: it answers a HEAD. */
  answer(options?: { bodiless?: boolean }): Promise<RawAnswer>
  /** The bytes behind the answers taken so far, once they hold `wanted` (text, or that many bytes). */
  tunnelled(wanted: string | number): Promise<Buffer>
  /** Resolves when the connection is closed both ways (so after `end()` here), or broken off. */
  closed(): Promise<void>
  /** Resolves when the other side sent its end (or the connection closed). */
  ended(): Promise<void>
  readonly isEnded: boolean
  /** Half-closes. */
  end(): void
  destroy(): void
}

/** Below vitest's own, so that what came is shown. */
const TIMEOUT_MS = 4_000

/** Opens a raw connection; TLS when the endpoint says so. Rejects when it cannot be made. */
export async function openRaw(endpoint: Endpoint, timeoutMs = TIMEOUT_MS): Promise<RawConnection> {
  const socket = await connect(endpoint)
  const watch = createWatch()
  const chunks: Buffer[] = []
  const state = { ended: false, closed: false, taken: 0 }
  const note = (change: Partial<typeof state>) => () => {
    Object.assign(state, change)
    watch.changed()
  }
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    watch.changed()
  })
  socket.on('end', note({ ended: true }))
  socket.on('close', note({ ended: true, closed: true }))
  socket.on('error', () => {})
  const received = () => {
    if (chunks.length > 1) chunks.splice(0, chunks.length, Buffer.concat(chunks))
    return chunks[0] ?? Buffer.alloc(0)
  }
  const shown = () => JSON.stringify(received().toString('latin1').slice(0, 2_000))
  return {
    socket,
    received,
    write: (bytes) => writeApart(socket, bytes),
    answer: async ({ bodiless = false } = {}) => {
      let parsed: Parsed | null = null
      const found = () => {
        parsed ??= parseAnswer(received().subarray(state.taken), { bodiless, ended: state.ended })
        return parsed !== null || state.ended
      }
      await watch.until(found, timeoutMs, () => `a complete answer; received ${shown()}`)
      if (parsed === null) throw new Error(`the connection ended without a complete answer; received ${shown()}`)
      state.taken += (parsed as Parsed).size
      return (parsed as Parsed).answer
    },
    tunnelled: async (wanted) => {
      const rest = () => received().subarray(state.taken)
      const enough = () => (typeof wanted === 'number' ? rest().length >= wanted : rest().includes(wanted))
      await watch.until(
        () => enough() || state.ended,
        timeoutMs,
        () => `${wanted} behind the answer; received ${shown()}`,
      )
      if (!enough()) throw new Error(`the connection ended before ${wanted}; received ${shown()}`)
      return rest()
    },
    closed: () =>
      watch.until(
        () => state.closed,
        timeoutMs,
        () => `the connection's close; received ${shown()}`,
      ),
    ended: () =>
      watch.until(
        () => state.ended,
        timeoutMs,
        () => `the other side's end; received ${shown()}`,
      ),
    get isEnded() {
      return state.ended
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  }
}

function connect(endpoint: Endpoint): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const secure = 'tls' in endpoint && endpoint.tls !== undefined
    const socket = secure
      ? tls.connect({ host: endpoint.host, port: endpoint.port, ...endpoint.tls, ...halfOpen })
      : net.connect({
          ...('path' in endpoint ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port }),
          ...halfOpen,
        })
    socket.setNoDelay(true)
    // Every write that is under way listens for the close.
    socket.setMaxListeners(0)
    socket.once('error', reject)
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

const halfOpen = { allowHalfOpen: true }

async function writeApart(socket: net.Socket, bytes: string | Buffer): Promise<void> {
  const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
  await new Promise<void>((resolve) => {
    // A connection that the other side closed takes no more: what it answered is what the test looks at.
    if (socket.destroyed || socket.writableEnded) return resolve()
    const done = () => {
      socket.off('close', done)
      resolve()
    }
    socket.once('close', done)
    socket.write(data, done)
  })
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
}

interface Parsed {
  readonly answer: RawAnswer
  readonly size: number
}

/** Reads one answer from the start of `bytes`; null while it is incomplete. Throws WireError for what is not HTTP/1.1. */
export function parseAnswer(bytes: Buffer, { bodiless = false, ended = false } = {}): Parsed | null {
  const head = readHead(bytes)
  if (head === null) return null
  const line = /^HTTP\/1\.1 ([1-5][0-9]{2}) ([\t\x20-\x7e]*)$/.exec(head.startLine)
  if (!line) throw new WireError(`not an HTTP/1.1 status line: ${JSON.stringify(head.startLine)}`)
  const status = Number(line[1])
  const empty = bodiless || status < 200 || status === 204 || status === 304
  const framing = empty
    ? ({ kind: 'length', length: 0 } as const)
    : (framingOf(head.headers) ?? ({ kind: 'close' } as const))
  const read = readBody(bytes, head.size, framing, ended)
  if (read === null) return null
  const { body, end } = read
  const values = (name: string) => valuesOf(head.headers, name)
  const answer: RawAnswer = {
    statusLine: head.startLine,
    status,
    headers: head.headers,
    values,
    header: (name) => {
      const [first, ...more] = values(name)
      if (more.length > 0) throw new WireError(`${name} appears ${more.length + 1} times`)
      return first
    },
    body,
    text: () => body.toString('utf8'),
    json: () => JSON.parse(body.toString('utf8')),
  }
  return { answer, size: end }
}

export interface RawExchange {
  /** Everything that the other side sent. */
  readonly bytes: Buffer
  readonly answers: readonly RawAnswer[]
  /** The first final answer (not 1xx); throws when there is none. */
  readonly answer: RawAnswer
  /** Whether the other side had ended or closed the connection when this was returned. */
  readonly ended: boolean
}

export interface RawOptions {
  /** Until the other side closes, or until this many final answers (default 1, or the close). */
  readonly until?: 'close' | number
  readonly bodiless?: boolean
  readonly timeoutMs?: number
}

/**
 * Sends bytes (or pieces, written apart) on a new connection and reads answers. Rejects with a clear message after
 * `timeoutMs` (default 4 s), and with WireError when what came is not strict HTTP/1.1.
 */
export async function rawRequest(
  endpoint: Endpoint,
  bytes: string | Buffer | readonly (string | Buffer)[],
  { until = 1, bodiless = false, timeoutMs = TIMEOUT_MS }: RawOptions = {},
): Promise<RawExchange> {
  const connection = await openRaw(endpoint, timeoutMs)
  try {
    const pieces = typeof bytes === 'string' || Buffer.isBuffer(bytes) ? [bytes] : bytes
    for (const piece of pieces) await connection.write(piece)
    const answers: RawAnswer[] = []
    const finals = () => answers.filter(({ status }) => status >= 200)
    if (until === 'close') {
      await connection.ended()
      const all = connection.received()
      for (let at = 0; at < all.length; ) {
        const parsed = parseAnswer(all.subarray(at), { bodiless, ended: true })
        if (parsed === null) break
        answers.push(parsed.answer)
        at += parsed.size
      }
    } else while (finals().length < until) answers.push(await connection.answer({ bodiless }))
    const [first] = finals()
    return {
      bytes: connection.received(),
      answers,
      get answer() {
        if (first) return first
        throw new Error(`no final answer; received ${JSON.stringify(connection.received().toString('latin1'))}`)
      },
      ended: connection.isEnded,
    }
  } finally {
    connection.destroy()
  }
}
