import http from 'node:http'
import type { Socket } from 'node:net'
import type { Config } from '../config/schema.ts'
import type { Inside } from '../gate/start.ts'
import { bind } from '../listen/bind.ts'
import { startAdminListener } from './listener.ts'
import { createMetrics } from './metrics.ts'
import type { Sources } from './pages.ts'
import { createReadiness } from './readiness.ts'
import { type Door, serve } from './serve.ts'

/** For its owner alone: whoever reaches it may end everybody's sessions. */
const SOCKET_MODE = 0o600
const MOST_CONNECTIONS = 64
const HEAD_MS = 5_000
const HEAD_BYTES = 8 * 1024

/** Whoever may open the socket is its owner, or root. */
const OWNERS_DOOR: Door = { name: 'admin.socket', admit: async () => {} }

/** The admin room of a running gate. */
export interface Admin {
  /** Where the listener is bound, as `tcp://host:port`; null where there is none. */
  readonly listenerUrl: string | null
  /** Stops listening and ends every connection. */
  close(): Promise<void>
}

/**
 * Listens on the admin socket, where a socket that a dead process left is replaced, and on the admin listener.
 *
 * @param inside the gate as it is at the time of a request
 * @throws Error (as a rejection) with a message for the operator when one cannot be bound
 */
export async function startAdmin(config: NonNullable<Config['admin']>, inside: () => Inside): Promise<Admin> {
  const readiness = createReadiness(inside)
  const sources: Sources = { inside, readiness, metrics: createMetrics(inside, readiness) }
  const closers = [closerOf(await startSocket(config.socket, sources))]
  const close = async () => {
    await Promise.all(closers.map((one) => one()))
  }
  if (config.listener === undefined) return { listenerUrl: null, close }
  try {
    const { server, url } = await startAdminListener(config.listener, sources)
    closers.push(closerOf(server))
    return { listenerUrl: url, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startSocket(socket: string, sources: Sources): Promise<http.Server> {
  const limits = { maxHeaderSize: HEAD_BYTES, headersTimeout: HEAD_MS, requestTimeout: HEAD_MS }
  const server = http.createServer({ ...limits, connectionsCheckingInterval: HEAD_MS }, (request, response) =>
    serve(OWNERS_DOOR, sources, request, response),
  )
  server.maxConnections = MOST_CONNECTIONS
  await bind(server, { address: `unix://${socket}`, mode: SOCKET_MODE }).catch((error: Error) => {
    throw new Error(`admin.socket: ${error.message}`, { cause: error })
  })
  return server
}

/** Tells errors of a server that listens, from here on, and returns what ends it with every connection. */
function closerOf(server: http.Server): () => Promise<void> {
  server.on('error', (error) => process.stderr.write(`dockgate: admin: ${error.message}\n`))
  // Node knows those on which a request came; a handshake that somebody left would be waited for.
  const accepted = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    accepted.add(socket)
    socket.once('close', () => accepted.delete(socket))
  })
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of accepted) socket.destroy()
    })
}
