import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { ListenerConfig } from '../config/schema.ts'
import { followTlsFiles, tlsOptions } from './tls.ts'

/** Clients keep idle connections for reuse and do not repeat a POST on one that was closed under them, so they close first. */
const IDLE_MS = 10 * 60_000
/** A half-closed client that dies says nothing more; its kernel forgets it after a minute, and the next probe finds out. */
const PROBE_MS = 15_000
/** How often deadlines of heads are looked at: a reload may make them shorter. */
const CHECK_MS = 1_000

type Tls = NonNullable<ListenerConfig['tls']>

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void

/** The server of one listener, and what can be changed of it while it listens. */
export interface ListenerServer {
  readonly server: http.Server
  /** Whether a changed configuration can be taken on: what of TLS Node asks of a server when it is made cannot. */
  canBecome(config: ListenerConfig): boolean
  /**
   * Takes on a configuration for connections that come from here on.
   *
   * @throws Error when the TLS files cannot be served: then everything is as before
   */
  become(config: ListenerConfig): void
}

/**
 * Makes the HTTP/1.1 server of one listener: plain or TLS, half-close on both, deadlines for heads and none for bodies
 * (the gate sets those per operation), no silent limit on the number of headers (the gate counts them and says so).
 *
 * @throws Error when the TLS files cannot be served
 */
export function createServer(config: ListenerConfig, handler: Handler): ListenerServer {
  const options: http.ServerOptions = {
    maxHeaderSize: config.limits.headerBytes,
    headersTimeout: config.limits.headersTimeout,
    requestTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: Math.min(CHECK_MS, config.limits.headersTimeout),
    keepAlive: true,
    keepAliveInitialDelay: PROBE_MS,
    noDelay: true,
    insecureHTTPParser: false,
    // The gate itself asks for it, with an answer that says so.
    requireHostHeader: false,
  }
  return config.tls ? secureServer(config, config.tls, options, handler) : plainServer(config, options, handler)
}

function plainServer(config: ListenerConfig, options: http.ServerOptions, handler: Handler): ListenerServer {
  const server = http.createServer(options, handler)
  server.maxHeadersCount = 0
  setLimits(server, config)
  return {
    server,
    canBecome: ({ tls }) => tls === undefined,
    become: (next) => setLimits(server, next),
  }
}

/** The files are followed until the server is closed. */
function secureServer(config: ListenerConfig, tls: Tls, options: http.ServerOptions, handler: Handler): ListenerServer {
  const server = https.createServer({ ...options, ...tlsOptions(tls) }, handler)
  server.maxHeadersCount = 0
  setLimits(server, config)
  // Node would report a failed or abandoned handshake as a malformed request, whose answer could never be delivered.
  server.prependListener('tlsClientError', (_error, socket: Socket) => socket.destroy())
  const follow = (name: string, followed: Tls) =>
    followTlsFiles(server, name, followed, (line) => process.stderr.write(`dockgate: ${line}\n`))
  let current = { name: config.name, tls }
  let files = follow(config.name, tls)
  server.once('close', () => files.close())
  return {
    server,
    canBecome: (next) => isDeepStrictEqual(next.tls && tlsOptions(next.tls), tlsOptions(tls)),
    become(next) {
      const wanted = { name: next.name, tls: next.tls as Tls }
      if (!isDeepStrictEqual(wanted, current)) {
        const followed = follow(wanted.name, wanted.tls)
        files.close()
        files = followed
        current = wanted
      }
      setLimits(server, next)
    },
  }
}

/** Node reads these of its server at every connection, and at every look at the deadlines of heads. */
function setLimits(server: http.Server, { limits }: ListenerConfig): void {
  server.maxConnections = limits.connections
  server.headersTimeout = limits.headersTimeout
  Object.assign(server, { maxHeaderSize: limits.headerBytes })
}
