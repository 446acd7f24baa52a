import type { PeerCertificate } from 'node:tls'
import { printable } from '../text.ts'
import type { GateAddress } from './address.ts'

const SHOWN = 300

/** Verification failures of OpenSSL by which the chain leads to nobody that is trusted. */
const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
])

/**
 * Says for a person why a gate could not be asked, and what to do. Names the gate, and nothing that was sent to it.
 *
 * @param authorities the file of `--ca`, or null
 */
export function explainGateFailure(error: unknown, gate: GateAddress, authorities: string | null): string {
  return `cannot use the gate ${gate.name}: ${reason(primary(error), gate, authorities)}`
}

/** A host with several addresses fails with one error for each; the first is as good as any. */
function primary(error: unknown): NodeJS.ErrnoException {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0]
  return error instanceof Error ? error : new Error(String(error))
}

function reason(error: NodeJS.ErrnoException, gate: GateAddress, authorities: string | null): string {
  const { code = '' } = error
  if (UNKNOWN_AUTHORITY.has(code)) return unknownAuthority(authorities, code)
  return certificateReason(error, gate) ?? networkReason(code, gate) ?? protocolReason(error, gate)
}

function unknownAuthority(authorities: string | null, code: string): string {
  return authorities === null
    ? `its certificate is signed by an authority that is not known here; give that authority's certificate with --ca ca.pem (${code})`
    : `its certificate is not signed by the authority in ${authorities}; is that the ca.pem of this gate? (${code})`
}

function certificateReason(error: NodeJS.ErrnoException, gate: GateAddress): string | null {
  const now = `${new Date().toISOString().slice(0, 16)}Z`
  switch (error.code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return wrongName(error as NodeJS.ErrnoException & { cert?: PeerCertificate }, gate)
    case 'CERT_HAS_EXPIRED':
      return `its certificate, or its authority's, has expired (it is ${now} on this machine); renew it on the gate's side`
    case 'CERT_NOT_YET_VALID':
      return `its certificate, or its authority's, is not valid yet (it is ${now} on this machine); is a clock wrong?`
    case 'CERT_REVOKED':
      return 'its certificate is revoked'
    case 'INVALID_PURPOSE':
      return 'its certificate is not meant for servers (extended key usage); it needs one for serverAuth'
    default:
      return null
  }
}

function wrongName({ cert }: { readonly cert?: PeerCertificate }, gate: GateAddress): string {
  const names = cert?.subjectaltname ?? 'no name at all'
  const wanted = gate.kind === 'unix' ? gate.path : gate.host
  return `its certificate is for ${printable(names, SHOWN)} and not for ${wanted}; call it by one of those names, or have it issued for this one`
}

function networkReason(code: string, gate: GateAddress): string | null {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there (connection refused); is the gate running, and the port right?'
    case 'ENOENT':
      return 'there is no such socket; is the gate running?'
    case 'EACCES':
    case 'EPERM':
      return 'not permitted; the socket is for another user or group'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return `the name ${gate.kind === 'unix' ? gate.path : gate.host} is not found (${code}); is it spelt right, and is this machine in the right network?`
    case 'ETIMEDOUT':
      return 'no answer in time; does a firewall stand between?'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way to it from here (${code})`
    case 'ECONNRESET':
    case 'EPIPE':
      return brokenOff(gate)
    default:
      return null
  }
}

const WANTS_CERTIFICATE = 'does it want a client certificate, of an authority that it knows (--cert, --key)?'

/** A server of Node ends a connection whose certificate, or lack of one, it does not take; and one that speaks no TLS. */
function brokenOff({ kind }: GateAddress): string {
  const what = 'it broke the connection off before it answered'
  if (kind === 'tls') return `${what}; ${WANTS_CERTIFICATE}`
  return kind === 'tcp' ? `${what}; does it speak TLS there? Then write https://` : what
}

function protocolReason(error: NodeJS.ErrnoException, gate: GateAddress): string {
  const { code = '', message } = error
  if (code.startsWith('HPE_')) {
    const hint = gate.kind === 'tcp' ? '; does it speak TLS there? Then write https://' : ''
    return `what it answers is not HTTP/1.1 (${code})${hint}`
  }
  const tls = opensslReason(error)
  if (tls === null) return printable(message || code, SHOWN)
  if (tls === 'wrong version number') return 'it speaks no TLS there; is that the port of a TLS listener?'
  if (!tls.includes(' alert ')) return `TLS fails: ${tls}`
  const alert = tls.slice(tls.indexOf(' alert ') + ' alert '.length)
  const hint = alert === 'protocol version' ? 'TLS 1.2 is the least that is spoken here' : WANTS_CERTIFICATE
  return `it ended the TLS handshake with the alert "${alert}"; ${hint}`
}

/**
 * OpenSSL's own words for an error, in small letters: Node has them in the code (`ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`)
 * or, when a write met them, in the message (`…:SSL routines:function:ssl/tls alert handshake failure:file:…`).
 */
function opensslReason({ code = '', message }: NodeJS.ErrnoException): string | null {
  if (code.startsWith('ERR_SSL_')) return code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ')
  const [, behind] = message.split(':SSL routines:')
  return behind?.split(':')[1] ?? null
}
