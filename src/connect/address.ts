import { isIP } from 'node:net'
import { isLoopback, parseAddress } from '../config/address.ts'
import { quoted } from '../text.ts'

/** Where a gate is, and how it is reached: TLS, plain TCP on this machine, or a unix socket. */
export type GateAddress = (
  | { readonly kind: 'tls' | 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
) & {
  /** As messages name it: `https://docker.acme.io:2376`. */
  readonly name: string
  /** The value of `Host` (RFC 9110 section 7.2). */
  readonly authority: string
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 }

/**
 * Reads a gate's address: `https://host:port`, `http://127.0.0.1:port` (loopback only, since a token would go over the
 * network in the clear) or `unix:///path`.
 *
 * @throws Error with a message for a person, which never repeats a password that stood in the URL
 */
export function parseGateAddress(text: string): GateAddress {
  if (text.startsWith('unix:')) return unixGate(text)
  const url = URL.parse(text)
  if (url === null || url.host === '') {
    throw new Error(`${quoted(text)} is no address of a gate; write https://HOST:2376, or unix:///path`)
  }
  if (url.protocol === 'tcp:') throw new Error(`write the gate's address with https:// instead of tcp://`)
  const defaultPort = DEFAULT_PORTS[url.protocol]
  if (defaultPort === undefined) {
    throw new Error(`a gate is called by https:// (or unix://, or http:// on loopback), not by ${quoted(url.protocol)}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error("a gate's address holds no user and password; a token or a certificate says who calls")
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new Error(`${quoted(text)} has a path; a gate's address ends with the port`)
  }
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  const port = url.port === '' ? defaultPort : Number(url.port)
  const name = `${url.protocol}//${url.hostname}:${port}`
  if (url.protocol === 'https:') return { kind: 'tls', host, port, name, authority: url.host }
  if (!isLoopback(host)) {
    throw new Error(
      `${name} is plain HTTP beyond this machine: a token would cross the network in the clear; use https://`,
    )
  }
  return { kind: 'tcp', host, port, name, authority: url.host }
}

/** The host name of a gate with one, which tokens are asked for unless told otherwise; null for an IP address or a socket. */
export function audienceOf(gate: GateAddress): string | null {
  return gate.kind === 'unix' || isIP(gate.host) !== 0 || isLoopback(gate.host) ? null : gate.host
}

function unixGate(text: string): GateAddress {
  const address = parseAddress(text)
  if (address?.kind !== 'unix') throw new Error(`${quoted(text)} is no socket; write unix:///absolute/path`)
  return { kind: 'unix', path: address.path, name: text, authority: 'dockgate' }
}
