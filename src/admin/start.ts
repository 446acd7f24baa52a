import http from 'node:http'
import type { Inside } from '../gate/start.ts'
import { bind } from '../listen/bind.ts'
import { type AdminAnswer, answer } from './answer.ts'
import { createReadiness } from './readiness.ts'

/** For its owner alone: whoever reaches it may end everybody's sessions. */
const SOCKET_MODE = 0o600
const MOST_CONNECTIONS = 64
const HEAD_MS = 5_000
const HEAD_BYTES = 8 * 1024

/** The admin socket of a running gate. */
export interface Admin {
  /** Stops listening and ends every connection. */
  close(): Promise<void>
}

/**
 * Listens on the admin socket.
 *
 * @param socket an absolute path; a socket that a dead process left there is replaced
 * @param inside the gate as it is at the time of a request
 * @throws Error (as a rejection) with a message for the operator when it cannot be bound
 */
export async function startAdmin(socket: string, inside: () => Inside): Promise<Admin> {
  const readiness = createReadiness(inside)
  const limits = { maxHeaderSize: HEAD_BYTES, headersTimeout: HEAD_MS, requestTimeout: HEAD_MS }
  const server = http.createServer({ ...limits, connectionsCheckingInterval: HEAD_MS }, (request, response) => {
    answer(request.method ?? '', request.url ?? '', inside, readiness).then(
      (found) => write(response, found),
      (error: unknown) => {
        process.stderr.write(`dockgate: admin: internal error: ${error instanceof Error ? error.stack : error}\n`)
        write(response, { status: 500, body: { message: 'an error of the gate itself, which is in its log' } })
      },
    )
  })
  server.maxConnections = MOST_CONNECTIONS
  await bind(server, { address: `unix://${socket}`, mode: SOCKET_MODE }).catch((error: Error) => {
    throw new Error(`admin.socket: ${error.message}`, { cause: error })
  })
  server.on('error', (error) => process.stderr.write(`dockgate: admin: ${error.message}\n`))
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** One answer a connection: what is left of a body that nobody asked for ends with it. */
function write(response: http.ServerResponse, { status, body, allow }: AdminAnswer): void {
  const isText = typeof body === 'string'
  response.writeHead(status, {
    'Content-Type': isText ? 'text/plain; charset=utf-8' : 'application/json',
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...(allow === undefined ? {} : { Allow: allow }),
  })
  response.end(isText ? body : `${JSON.stringify(body)}\n`)
}
