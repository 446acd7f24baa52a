import { hash, type X509Certificate } from 'node:crypto'
import { Refusal } from '../refusal.ts'
import { hasInvisible } from './invisible.ts'
import type { CertificateFacts } from './principal.ts'

const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2'
const MAX_NAMES = 100
const MAX_NAME_LENGTH = 1024
/** Alternative names are IA5Strings (RFC 5280 section 4.2.1.6): visible ASCII, or somebody plays with encodings. */
const VISIBLE_ASCII = /^[\x20-\x7e]+$/

/**
 * What a client's leaf certificate says (RFC 5280). Whether anybody trusts it is not judged here.
 *
 * @throws Refusal certificate-untrusted when it is an authority's certificate, when its extended key usage is there
 *   and lacks clientAuth, and when a name in it is not fit to identify anybody (NUL, controls, bidirectional overrides)
 */
export function readCertificate(leaf: X509Certificate): CertificateFacts {
  if (leaf.ca) throw untrusted('is one of an authority (CA:TRUE), not of a client')
  // Node calls the extended key usage keyUsage; undefined when the extension is absent.
  const usages: readonly string[] | undefined = leaf.keyUsage
  if (usages !== undefined && !usages.includes(CLIENT_AUTHENTICATION)) {
    throw untrusted('has an extended key usage without clientAuth')
  }
  const subject = readSubject(leaf.subject)
  const names = readAlternativeNames(leaf.subjectAltName)
  return Object.freeze({
    subject: subject.text,
    commonName: subject.commonName,
    dns: namesOf(names, 'DNS'),
    uri: namesOf(names, 'URI'),
    email: namesOf(names, 'email'),
    issuer: readSubject(leaf.issuer).text,
    serial: leaf.serialNumber,
    fingerprint: hash('sha256', leaf.raw, 'hex'),
  })
}

/** The values of the subject's attributes by their OpenSSL name (`CN`, `O`, …), unescaped. Throws as `readCertificate`. */
export function subjectAttributes({ subject }: X509Certificate): ReadonlyMap<string, readonly string[]> {
  return readSubject(subject).attributes
}

interface Subject {
  readonly text: string
  readonly commonName: string
  readonly attributes: ReadonlyMap<string, readonly string[]>
}

/**
 * Node writes the subject as lines in the certificate's order, the values escaped after RFC 2253 and controls as `\XX`;
 * RFC 4514 section 2.1 wants the order reversed. An empty subject (SPIFFE's certificates have one) is undefined.
 */
function readSubject(lines: string | undefined): Subject {
  const attributes = new Map<string, string[]>()
  if (lines === undefined || lines === '') return { text: '', commonName: '', attributes }
  const rdns = lines.split('\n').map((line) => line.split(' + '))
  for (const attribute of rdns.flat()) {
    const equals = attribute.indexOf('=')
    if (equals < 1) throw untrusted('has a subject that cannot be read')
    const value = unescapeValue(attribute.slice(equals + 1))
    if (value.length > MAX_NAME_LENGTH) throw untrusted('has a subject that is too long')
    if (hasInvisible(value)) throw untrusted('has control or invisible characters in its subject')
    const type = attribute.slice(0, equals)
    attributes.set(type, [...(attributes.get(type) ?? []), value])
  }
  const text = rdns
    .map((rdn) => rdn.join('+'))
    .reverse()
    .join(',')
  if (text.length > MAX_NAME_LENGTH) throw untrusted('has a subject that is too long')
  const commonName = attributes.get('CN')?.find((name) => name !== '') ?? ''
  return { text, commonName, attributes }
}

function unescapeValue(escaped: string): string {
  let value = ''
  for (let at = 0; at < escaped.length; at += 1) {
    let character = escaped.charAt(at)
    if (character === '\\') {
      at += 1
      character = escaped.charAt(at)
      // Two hexadecimal digits stand for a control character; what RFC 2253 escapes is never a hexadecimal digit.
      if (/[0-9A-F]/.test(character)) throw untrusted('has control characters in its subject')
    }
    value += character
  }
  return value
}

interface AlternativeName {
  readonly type: string
  readonly value: string
}

/**
 * Node writes `DNS:a.example, URI:spiffe://b`, and a value that could be misread (with a quote, comma, backslash,
 * control or non-ASCII byte) as a JSON string: the answer to CVE-2021-44532. So a comma outside of quotes separates.
 */
function readAlternativeNames(text: string | undefined): readonly AlternativeName[] {
  const names: AlternativeName[] = []
  let rest = text ?? ''
  while (rest !== '') {
    const colon = rest.indexOf(':')
    if (colon < 1 || names.length === MAX_NAMES) throw untrusted('has alternative names that cannot be read')
    const value = /^"(?:[^"\\]|\\.)*"|^[^",]*/.exec(rest.slice(colon + 1))?.[0] ?? ''
    names.push({ type: rest.slice(0, colon), value: value.startsWith('"') ? JSON.parse(value) : value })
    const behind = rest.slice(colon + 1 + value.length)
    if (behind !== '' && !behind.startsWith(', ')) throw untrusted('has alternative names that cannot be read')
    rest = behind.slice(2)
  }
  return names
}

function namesOf(names: readonly AlternativeName[], type: string): readonly string[] {
  const values = names.filter((name) => name.type === type).map(({ value }) => value)
  for (const value of values) {
    if (value.length > MAX_NAME_LENGTH) throw untrusted('has an alternative name that is too long')
    if (!VISIBLE_ASCII.test(value)) throw untrusted('has an alternative name that is empty, or not visible ASCII')
  }
  return Object.freeze(values)
}

/** A refusal that says what is wrong with the client's certificate; `what` continues "the client certificate". */
export function untrusted(what: string): Refusal {
  return new Refusal('certificate-untrusted', `the client certificate ${what}`)
}
