import { isIP } from 'node:net'
import { GeneralName } from '@peculiar/asn1-x509'
import { PkiError } from './errors.ts'

const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** ub-common-name of RFC 5280, appendix A.1. */
const COMMON_NAME_LENGTH = 64

/**
 * Reads a server's name as a subject alternative name (RFC 5280, section 4.2.1.6): an IP address, or a DNS name that may
 * begin with `*.`. Throws PkiError for anything else.
 */
export function serverName(name: string): GeneralName {
  const family = isIP(name)
  if (family === 4) return new GeneralName({ iPAddress: name })
  if (family === 6 && !name.includes('%')) {
    // The URL parser writes every form (`::`, embedded IPv4) as plain hexadecimal groups.
    return new GeneralName({ iPAddress: new URL(`http://[${name}]`).hostname.slice(1, -1) })
  }
  const dns = name.toLowerCase()
  const labels = (dns.startsWith('*.') ? dns.slice(2) : dns).split('.')
  if (dns.length > 253 || !labels.every((label) => DNS_LABEL.test(label))) {
    throw new PkiError(`${JSON.stringify(name)} is neither a DNS name nor an IP address`)
  }
  return new GeneralName({ dNSName: dns })
}

/** Checks a subject's common name: 1 to 64 printable characters. Throws PkiError. */
export function commonName(name: string): string {
  const length = [...name].length
  if (length === 0 || length > COMMON_NAME_LENGTH || name.trim() !== name || /\p{C}/u.test(name)) {
    throw new PkiError(`${JSON.stringify(name)} is not a name of 1 to ${COMMON_NAME_LENGTH} printable characters`)
  }
  return name
}
