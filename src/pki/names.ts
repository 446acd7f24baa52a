import { isIP } from 'node:net'
import { GeneralName } from '@peculiar/asn1-x509'
import { PkiError } from './errors.ts'

const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** ub-common-name of RFC 5280, appendix A.1. */
const COMMON_NAME_LENGTH = 64
/** What a gate reads at most. */
const MOST_NAME_CHARACTERS = 1024
const VISIBLE_ASCII = /^[\x21-\x7e]+$/

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

/**
 * Reads a client's alternative name, written as `uri:spiffe://acme.example/ci`, `email:ops@acme.example` or
 * `dns:ci.acme.example`. Throws PkiError for anything else.
 */
export function alternativeName(text: string): GeneralName {
  const colon = text.indexOf(':')
  const value = text.slice(colon + 1)
  if (VISIBLE_ASCII.test(value) && value.length <= MOST_NAME_CHARACTERS) {
    const kind = text.slice(0, Math.max(colon, 0))
    if (kind === 'dns' && isIP(value) === 0) return serverName(value)
    if (kind === 'uri' && URL.canParse(value)) return new GeneralName({ uniformResourceIdentifier: value })
    if (kind === 'email' && value.split('@').length === 2) return new GeneralName({ rfc822Name: value })
  }
  throw new PkiError(`${JSON.stringify(text)} is none of dns:NAME, uri:URI and email:ADDRESS`)
}

/** Checks a subject's common name: 1 to 64 printable characters. Throws PkiError. */
export function commonName(name: string): string {
  const length = [...name].length
  if (length === 0 || length > COMMON_NAME_LENGTH || name.trim() !== name || /\p{C}/u.test(name)) {
    throw new PkiError(`${JSON.stringify(name)} is not a name of 1 to ${COMMON_NAME_LENGTH} printable characters`)
  }
  return name
}
