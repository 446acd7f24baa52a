import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from './engine-answers.ts'
import { type EngineConnection, openConnection, type RecordedRequest } from './engine-connection.ts'
import { createWatch } from './wire.ts'

export type { RecordedRequest } from './engine-connection.ts'

/** Answers one request; called when its head is read. The next request on the connection waits for it. */
export type EngineAnswer = (request: RecordedRequest, connection: EngineConnection) => void | Promise<void>

export interface RecordingEngine {
  readonly socketPath: string
  /** Requests whose head was read, since the start or the last `reset()`. */
  readonly requests: readonly RecordedRequest[]
  /** Connections made since the start or the last `reset()`. */
  readonly connections: readonly EngineConnection[]
  /** Bytes that arrived since the start or the last `reset()`, on whatever connection. */
  readonly bytesReceived: number
  /** Connections that are open now. */
  readonly open: number
  /** Sets what is answered from now on; without an argument `200 {}`. */
  answer(fn?: EngineAnswer): void
  /** Forgets what was recorded and answers `200 {}` again. Connections stay open. */
  reset(): void
  /** The n-th request (from 1) since the last reset, once it is whole. */
  waitForRequest(n: number): Promise<RecordedRequest>
  /** The n-th request (from 1) since the last reset, once its head is read. */
  waitForHead(n: number): Promise<RecordedRequest>
  /** Resolves when no connection is open. */
  waitForIdle(): Promise<void>
  close(): Promise<void>
}

const TIMEOUT_MS = 4_000

/** Starts a fake engine on a unix socket in a folder of its own, which `close()` removes. */
export async function startRecordingEngine(): Promise<RecordingEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'dockgate-engine-'))
  const socketPath = join(folder, 'docker.sock')
  const watch = createWatch()
  const live = new Set<EngineConnection>()
  let recorded = { requests: [] as RecordedRequest[], connections: [] as EngineConnection[], bytes: 0 }
  let current: EngineAnswer = json(200, {})
  let made = 0
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const connection = openConnection(++made, socket, watch, {
      onBytes: (count) => {
        recorded.bytes += count
      },
      onRequest: (request) => void recorded.requests.push(request),
      answer: (request) => current(request, connection),
    })
    recorded.connections.push(connection)
    live.add(connection)
    socket.once('close', () => {
      live.delete(connection)
      watch.changed()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, resolve)
  })
  const seen = () => recorded.requests.map(({ method, target }) => `${method} ${target}`).join(', ') || 'none'
  const waitFor = async (n: number, whole: boolean) => {
    const there = () => {
      const request = recorded.requests[n - 1]
      return request !== undefined && (!whole || request.complete)
    }
    await watch.until(there, TIMEOUT_MS, () => `request ${n} at the engine; requests so far: ${seen()}`)
    return recorded.requests[n - 1] as RecordedRequest
  }
  return {
    socketPath,
    get requests() {
      return recorded.requests
    },
    get connections() {
      return recorded.connections
    },
    get bytesReceived() {
      return recorded.bytes
    },
    get open() {
      return live.size
    },
    answer: (fn = json(200, {})) => {
      current = fn
    },
    reset: () => {
      recorded = { requests: [], connections: [], bytes: 0 }
      current = json(200, {})
    },
    waitForRequest: (n) => waitFor(n, true),
    waitForHead: (n) => waitFor(n, false),
    waitForIdle: () =>
      watch.until(
        () => live.size === 0,
        TIMEOUT_MS,
        () => `no open connection; ${live.size} are open`,
      ),
    close: async () => {
      for (const connection of live) connection.destroy()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
