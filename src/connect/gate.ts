import { X509Certificate } from 'node:crypto'
import http from 'node:http'
import net, { isIP } from 'node:net'
import tls, { type SecureContext } from 'node:tls'
import { readSmallFile } from '../config/read-file.ts'
import { swallowWriteErrors } from '../forward/engine.ts'
import type { GateAddress } from './address.ts'

/** A gate that answers takes far less; a firewall that drops packets would keep us for minutes. */
const CONNECT_MS = 20_000
/** Idle streams (`docker events`) cross address translation that forgets connections after a few minutes. */
const PROBE_MS = 15_000
/** The gate keeps idle connections for minutes; what stands between may not, so ours end first. */
const IDLE_MS = 30_000

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** PEM files: authorities of the gate's certificate (the usual public ones when null), and the client's own certificate. */
export interface TlsFiles {
  readonly authorities: string | null
  readonly client: { readonly certificate: string; readonly key: string } | null
}

/** The way to one gate; nothing connects before the first request. */
export interface Gate {
  readonly address: GateAddress
  /** Kept-alive connections for ordinary requests, as many as there are requests at once. */
  readonly agent: http.Agent
  /** A fresh connection for one upgraded stream: half-close works both ways, and failed writes lose no answer. */
  connect(): net.Socket
  close(): void
}

/**
 * Opens the way to a gate. Over TLS its certificate is always verified, against `files.authorities` and the name in its
 * address; no environment variable turns that off. The files are read again for every connection, so renewed ones
 * are used at once.
 *
 * @throws Error with a message for a person when a file cannot be used
 */
export function openGate(address: GateAddress, files: TlsFiles): Gate {
  const context = address.kind === 'tls' ? contexts(files) : null
  const connect = () => prepare(dial(address, context))
  const agent = new http.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, timeout: IDLE_MS })
  agent.createConnection = connect
  return { address, agent, connect, close: () => agent.destroy() }
}

/** Our own end leaves the connection open for the gate's answer; the gate's end is the end, so nothing is half-open here. */
function dial(address: GateAddress, context: (() => SecureContext) | null): net.Socket {
  if (address.kind === 'unix') return net.connect({ path: address.path })
  const { host, port } = address
  const socket =
    context === null
      ? net.connect({ host, port })
      : tls.connect({
          host,
          port,
          secureContext: context(),
          // RFC 6066 section 3: a server name is never an IP address.
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ALPNProtocols: ['http/1.1'],
          // Said aloud, NODE_TLS_REJECT_UNAUTHORIZED does not count.
          rejectUnauthorized: true,
        })
  return socket.setNoDelay(true).setKeepAlive(true, PROBE_MS)
}

function prepare(socket: net.Socket): net.Socket {
  const late = () => socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' }))
  const timer = setTimeout(late, CONNECT_MS)
  socket.once('close', () => clearTimeout(timer))
  socket.once(socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect', () => {
    clearTimeout(timer)
    // Not before: a handshake that fails is told by the write that waits for it.
    swallowWriteErrors(socket)
  })
  return socket
}

/** Reads the files anew at each call; while somebody is replacing them, and they do not fit together, the last good ones count. */
function contexts(files: TlsFiles): () => SecureContext {
  let last = readContext(files)
  return () => {
    try {
      last = readContext(files)
    } catch {
      // The next connection tries again.
    }
    return last
  }
}

function readContext({ authorities, client }: TlsFiles): SecureContext {
  const options: tls.SecureContextOptions = { minVersion: 'TLSv1.2' }
  if (authorities !== null) options.ca = readPem(authorities, 'CERTIFICATE')
  if (client !== null) {
    options.cert = readPem(client.certificate, 'CERTIFICATE')
    options.key = readPem(client.key, 'PRIVATE KEY')
  }
  try {
    return tls.createSecureContext(options)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const used = [authorities, client?.certificate, client?.key].filter((file) => file != null).join(', ')
    if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') {
      throw new Error(`${client?.key} is not the key of ${client?.certificate}`, { cause: error })
    }
    throw new Error(`${used}: cannot be used for TLS: ${message}`, { cause: error })
  }
}

function readPem(file: string, label: string): string {
  const result = readSmallFile(file)
  if ('problem' in result) throw new Error(`${file} ${result.problem}`)
  const { text } = result
  if (!text.includes(`${label}-----`)) throw new Error(`${file} holds no ${label.toLowerCase()} in PEM form`)
  if (label === 'PRIVATE KEY' && text.includes('ENCRYPTED')) {
    throw new Error(`${file} is encrypted, and there is nobody to ask for the passphrase`)
  }
  // OpenSSL would pass over an authority that it cannot read.
  if (label === 'CERTIFICATE') for (const block of text.match(CERTIFICATE) ?? []) checkCertificate(file, block)
  return text
}

function checkCertificate(file: string, pem: string): void {
  try {
    new X509Certificate(pem)
  } catch (error) {
    throw new Error(`${file} holds a certificate that cannot be read`, { cause: error })
  }
}
