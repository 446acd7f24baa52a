import { constants } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import type { ListenerConfig } from '../config/schema.ts'

/** TLS 1.2 suites with forward secrecy and AEAD only (RFC 9325 section 4.2), then the TLS 1.3 ones. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

const HANDSHAKE_MS = 10_000
/** Clients keep idle connections for reuse and do not repeat a POST on one that was closed under them, so they close first. */
const IDLE_MS = 10 * 60_000
/** A half-closed client that dies says nothing more; its kernel forgets it after a minute, and the next probe finds out. */
const PROBE_MS = 15_000

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void

/**
 * Makes the HTTP/1.1 server of one listener: plain or TLS, half-close on both, deadlines for heads and none for bodies
 * (the gate sets those per operation), no silent limit on the number of headers (the gate counts them and says so).
 *
 * @throws Error when a TLS file cannot be read
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
    ? https.createServer({ ...options, ...tlsOptions(config.tls) }, handler)
    : http.createServer(options, handler)
  // Node would report a failed or abandoned handshake as a malformed request, whose answer could never be delivered.
  if (config.tls) server.prependListener('tlsClientError', (_error, socket: Socket) => socket.destroy())
  server.maxHeadersCount = 0
  server.maxConnections = config.limits.connections
  return server
}

/** Half-close must survive TLS: without allowHalfOpen a client that ends its input loses the output (`docker exec`). */
function tlsOptions(tls: NonNullable<ListenerConfig['tls']>): https.ServerOptions {
  const wanted = tls.clientCertificates ?? (tls.clientAuthorities ? 'optional' : 'none')
  const options = {
    cert: readFileSync(tls.certificate),
    key: readFileSync(tls.key),
    minVersion: `TLSv${tls.minimumVersion}`,
    ciphers: CIPHERS,
    honorCipherOrder: true,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: HANDSHAKE_MS,
    requestCert: wanted !== 'none',
    rejectUnauthorized: wanted === 'required',
    allowHalfOpen: true,
    // A renegotiation (TLS 1.2) could change the client's certificate after it was looked at.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(tls.clientAuthorities ? { ca: readFileSync(tls.clientAuthorities) } : {}),
  } as const
  return options as https.ServerOptions
}
