import { isIP } from 'node:net'
import { isLoopback } from '../config/address.ts'

const PLAIN_PORT = 2375
const TLS_PORT = 2376

/** Where dockerd listens, from a `-H` or a "hosts". */
export type Host =
  | { readonly kind: 'fd' }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'other' }

/**
 * Reads a host as dockerd does (docker/opts ParseHost): without a scheme it is TCP; TCP without an address is localhost,
 * without a port it is 2375, or 2376 with TLS; `unix://` alone is the usual socket.
 */
export function parseHost(text: string, tls: boolean): Host {
  const trimmed = text.trim()
  if (trimmed === 'fd' || trimmed.startsWith('fd://')) return { kind: 'fd' }
  if (trimmed.startsWith('unix://')) {
    return { kind: 'unix', path: trimmed.slice('unix://'.length) || '/var/run/docker.sock' }
  }
  if (trimmed.startsWith('tcp://')) return tcp(trimmed.slice('tcp://'.length), tls)
  return trimmed === '' || trimmed.includes('://') ? { kind: 'other' } : tcp(trimmed, tls)
}

function tcp(text: string, tls: boolean): Host {
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  const usual = tls ? TLS_PORT : PLAIN_PORT
  const closing = address.lastIndexOf(']')
  const colon = address.indexOf(':', closing < 0 ? 0 : closing)
  const host = unbracketed(colon < 0 ? address : address.slice(0, colon))
  const port = colon < 0 ? '' : address.slice(colon + 1)
  return { kind: 'tcp', host: host === '' ? 'localhost' : host, port: /^[0-9]{1,5}$/.test(port) ? Number(port) : usual }
}

function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

/** Only this machine can reach it. */
export function isLocal(host: string): boolean {
  return isLoopback(host.split('%')[0] ?? '')
}

/** `10.0.0.1:2375`, `[::1]:2375`. */
export function shown(host: string, port: number): string {
  return isIP(host) === 6 || host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
