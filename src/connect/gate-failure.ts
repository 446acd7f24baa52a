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
  const now = new Date().toISOString()
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
      return 'it broke the connection off before it answered'
    default:
      return null
  }
}

/** OpenSSL's codes are made of its own words: `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`. */
function protocolReason({ code = '', message }: NodeJS.ErrnoException, gate: GateAddress): string {
  if (code.startsWith('HPE_')) {
    const hint = gate.kind === 'tcp' ? '; does it speak TLS there? Then write https://' : ''
    return `what it answers is not HTTP/1.1 (${code})${hint}`
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return 'it speaks no TLS there; is that the port of a TLS listener?'
  }
  if (code.endsWith('ALERT_CERTIFICATE_REQUIRED'))
    return 'it asks for a client certificate; give one with --cert and --key'
  if (code.startsWith('ERR_SSL_') && code.includes('_ALERT_')) {
    const alert = code
      .slice(code.indexOf('_ALERT_') + '_ALERT_'.length)
      .toLowerCase()
      .replaceAll('_', ' ')
    return `it ended the TLS handshake with the alert "${alert}"${alert.includes('cert') || alert === 'unknown ca' ? '; it does not take the client certificate of --cert' : ''}`
  }
  return printable(message || code, SHOWN)
}
