import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { posix } from 'node:path'

/** Where a listener listens. Port 0 lets the system choose one. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** A socket that systemd has opened: `name` is its FileDescriptorName= (systemd.socket(5)). */
export interface InheritedAddress {
  readonly kind: 'inherited'
  readonly name: string
}

/** `sun_path` of Linux's unix(7), without its terminating NUL. */
const SOCKET_PATH_BYTES = 107

/** systemd.socket(5), FileDescriptorName=: ASCII without controls and ":", at most 255; spaces are nobody's name here. */
const FD_NAME = /^[!-9;-~]{1,255}$/

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Reads the address of a listener: `fd://NAME`, or what `parseAddress` reads; null when it is none of them. */
export function parseListenerAddress(text: string): Address | InheritedAddress | null {
  if (!text.startsWith('fd://')) return parseAddress(text)
  const name = text.slice('fd://'.length)
  return FD_NAME.test(name) ? { kind: 'inherited', name } : null
}

/** Reads `host:port`, `[v6]:port` or `unix:///abs/path`; null when it is none of them. The host is never empty. */
export function parseAddress(text: string): Address | null {
  if (text.startsWith('unix://')) return unixAddress(text.slice('unix://'.length))
  const colon = text.lastIndexOf(':')
  if (colon < 1) return null
  const port = parsePort(text.slice(colon + 1))
  const host = parseHost(text.slice(0, colon))
  return port === null || host === null ? null : { kind: 'tcp', host, port }
}

/** Only this machine can reach it: 127.0.0.0/8, ::1 or `localhost`. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return LOOPBACK.check(host, 'ipv4')
  if (isIPv6(host)) return LOOPBACK.check(host, 'ipv6')
  return host.toLowerCase() === 'localhost'
}

function unixAddress(path: string): Address | null {
  if (!path.startsWith('/') || path.endsWith('/') || /[\0-\x1f\x7f]/.test(path)) return null
  if (posix.normalize(path) !== path || Buffer.byteLength(path) > SOCKET_PATH_BYTES) return null
  return { kind: 'unix', path }
}

function parsePort(text: string): number | null {
  if (!/^(0|[1-9][0-9]{0,4})$/.test(text)) return null
  const port = Number(text)
  return port <= 65535 ? port : null
}

function parseHost(text: string): string | null {
  if (text.startsWith('[')) {
    const inner = text.slice(1, -1)
    return text.endsWith(']') && isIPv6(inner) ? inner : null
  }
  if (isIPv4(text)) return text
  if (
    text.length > 253 ||
    !text.split('.').every((label) => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label))
  ) {
    return null
  }
  // The resolver reads `127.1` and `0x7f.1` as IPv4 addresses; nobody writes a host name like that.
  const last = text.slice(text.lastIndexOf('.') + 1)
  return /^[0-9]/.test(last) ? null : text
}
