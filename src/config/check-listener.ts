import { quoted } from '../text.ts'
import { type Address, isLoopback, parseListenerAddress } from './address.ts'
import type { Findings } from './findings.ts'
import type { ListenerConfig } from './schema.ts'

/** What is read here of a listener. */
type Listening = Pick<ListenerConfig, 'address' | 'tls' | 'mode' | 'group'>

/** systemd.socket(5): who may reach a unix socket that systemd opens. */
const UNIT_KEYS = { mode: 'SocketMode=', group: 'SocketGroup=' }

/** Whoever comes in there must have been able to prove who he is, and his proof not be overheard. */
export function checkListener(path: readonly PropertyKey[], value: Listening, findings: Findings): void {
  const address = parseListenerAddress(value.address)
  if (address === null) {
    const forms =
      'host:port, [IPv6]:port, unix:///absolute/path (at most 107 bytes) or fd://NAME of a socket of systemd'
    findings.problem([...path, 'address'], `${quoted(value.address)} is no address: wants ${forms}`)
  } else if (address.kind === 'inherited') {
    // Whether it fits the rest is seen when it is passed (src/listen/bind.ts).
    checkNoRights(path, value, (key) => `is ${UNIT_KEYS[key]} of the .socket unit; remove it here`, findings)
  } else if (address.kind === 'unix') {
    if (value.tls) findings.problem([...path, 'tls'], 'a unix socket takes no TLS; remove it', { atKey: true })
  } else {
    checkTcp(path, value, address, findings)
  }
  checkClientCertificates(path, value, findings)
}

function checkTcp(
  path: readonly PropertyKey[],
  value: Listening,
  address: Address & { kind: 'tcp' },
  findings: Findings,
): void {
  if (!value.tls && !isLoopback(address.host)) {
    const what = `plain TCP on ${address.host} would carry tokens over the network in the clear`
    findings.problem([...path, 'address'], `${what}: add tls: {certificate, key}, or bind 127.0.0.1 or a unix socket`)
  }
  checkNoRights(path, value, (key) => `only a unix socket has a ${key}; remove it`, findings)
}

function checkNoRights(
  path: readonly PropertyKey[],
  value: Listening,
  message: (key: 'mode' | 'group') => string,
  findings: Findings,
): void {
  for (const key of ['mode', 'group'] as const) {
    if (value[key] !== undefined) findings.problem([...path, key], message(key), { atKey: true })
  }
}

function checkClientCertificates(path: readonly PropertyKey[], { tls }: Listening, findings: Findings): void {
  if (!tls) return
  if (tls.clientCertificates !== 'none' && tls.clientAuthorities === undefined) {
    const out = 'add clientAuthorities: a PEM file with the authorities that sign them'
    findings.problem([...path, 'tls', 'clientCertificates'], `no client certificate could be verified; ${out}`)
  }
  if (tls.clientCertificates === 'none' && tls.clientAuthorities !== undefined) {
    findings.warn([...path, 'tls', 'clientAuthorities'], 'not used while clientCertificates is none', { atKey: true })
  }
}
