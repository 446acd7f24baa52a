import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import type { ListenerConfig } from '../config/schema.ts'
import { followTlsFiles, tlsOptions } from './tls.ts'

/** Clients keep idle connections for reuse and do not repeat a POST on one that was closed under them, so they close first. */
const IDLE_MS = 10 * 60_000
/** A half-closed client that dies says nothing more; its kernel forgets it after a minute, and the next probe finds out. */
const PROBE_MS = 15_000

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void

/**
 * Makes the HTTP/1.1 server of one listener: plain or TLS, half-close on both, deadlines for heads and none for bodies
 * (the gate sets those per operation), no silent limit on the number of headers (the gate counts them and says so).
 *
 * @throws Error when the TLS files cannot be served
 */
export function createServer(config: ListenerConfig, handler: Handler): http.Server {
  const options: http.ServerOptions = {
    maxHeaderSize: config.limits.headerBytes,
    headersTimeout: config.limits.headersTimeout,
    requestTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: Math.min(5_000, config.limits.headersTimeout),
    keepAlive: true,
    keepAliveInitialDelay: PROBE_MS,
    noDelay: true,
    insecureHTTPParser: false,
    // The gate itself asks for it, with an answer that says so.
    requireHostHeader: false,
  }
  const server = config.tls
    ? secureServer(config.name, config.tls, options, handler)
    : http.createServer(options, handler)
  server.maxHeadersCount = 0
  server.maxConnections = config.limits.connections
  return server
}

/** The files are followed until the server is closed. */
function secureServer(
  name: string,
  tls: NonNullable<ListenerConfig['tls']>,
  options: http.ServerOptions,
  handler: Handler,
): https.Server {
  const server = https.createServer({ ...options, ...tlsOptions(tls) }, handler)
  // Node would report a failed or abandoned handshake as a malformed request, whose answer could never be delivered.
  server.prependListener('tlsClientError', (_error, socket: Socket) => socket.destroy())
  const files = followTlsFiles(server, name, tls, (line) => process.stderr.write(`dockgate: ${line}\n`))
  server.once('close', () => files.close())
  return server
}
