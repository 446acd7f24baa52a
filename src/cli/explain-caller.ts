import type { Config, IssuerConfig } from '../config/schema.ts'
import { readClaims } from '../identity/claims.ts'
import { subjectOf } from '../identity/client-certificates.ts'
import type { CertificateFacts, Claims, Principal } from '../identity/principal.ts'
import { readSubject } from '../identity/verify.ts'
import { didYouMean } from '../nearest.ts'
import { Refusal } from '../refusal.ts'
import { printable, quoted } from '../text.ts'
import { UsageError } from './failure.ts'

type Value = Readonly<Record<string, unknown>>

const CALLER_KEYS = ['issuer', 'claims', 'certificate']
const NAMES = ['subject', 'commonName', 'issuer', 'serial', 'fingerprint'] as const
const LISTS = ['dns', 'uri', 'email'] as const
const CERTIFICATE_KEYS: readonly string[] = [...NAMES, ...LISTS]

const NO_CLAIMS: Claims = Object.freeze(Object.create(null))

/**
 * Reads a caller for whom a decision is asked and nothing is proved: the claims of a token as they are (`iss` names the
 * issuer), or `{"issuer": …, "claims": {…}, "certificate": {"commonName": …}}`, where the issuer is named as in the
 * configuration or by its `iss`, and a certificate stands alone or beside the claims.
 *
 * @param file what messages call the text
 * @throws UsageError that says which key is wrong or missing
 */
export function readCaller(file: string, text: string, issuers: Config['issuers']): Principal {
  try {
    return callerOf(parseObject(text), issuers)
  } catch (error) {
    // What the gate would not take in a token's claims, it does not take here.
    if (error instanceof UsageError || error instanceof Refusal) throw new UsageError(`${file}: ${error.message}`)
    throw error
  }
}

function callerOf(root: Value, issuers: Config['issuers']): Principal {
  const bare = root.iss !== undefined
  const claims = bare ? root : optionalObject(root, 'claims')
  const [issuer, config] = findIssuer(root.issuer ?? claims?.iss, bare || root.issuer === undefined, issuers)
  if (!bare) checkKeys(root, '', CALLER_KEYS)
  const certificate = bare ? null : readCertificateFacts(optionalObject(root, 'certificate'))
  if (config.jwt !== undefined) return tokenCaller(issuer, config.jwt.issuer, claims, certificate)
  if (claims !== null) throw new UsageError(`issuer "${issuer}" speaks for certificates, which have no claims`)
  if (certificate === null) throw missing('certificate', `issuer "${issuer}" speaks for certificates`)
  const subject = subjectOf(certificate, config.certificate?.spiffe !== undefined)
  if (subject === 'sha256:') throw missing('certificate.commonName', 'or another name: subject, uri, dns, email')
  return Object.freeze({ issuer, subject, claims: NO_CLAIMS, certificate, expiresAt: Number.POSITIVE_INFINITY })
}

function tokenCaller(
  issuer: string,
  iss: string,
  given: Value | null,
  certificate: CertificateFacts | null,
): Principal {
  if (given === null) throw missing('claims', `issuer "${issuer}" speaks for tokens`)
  if (given.iss !== undefined && given.iss !== iss && given.iss !== issuer) {
    throw new UsageError(`claims.iss is ${shown(given.iss)}, and that of issuer "${issuer}" is ${quoted(iss)}`)
  }
  if (given.sub === undefined) throw missing('claims.sub', 'every token must have it')
  const claims = readClaims({ ...given, iss })
  return Object.freeze({
    issuer,
    subject: readSubject(given.sub),
    claims,
    certificate,
    expiresAt: typeof given.exp === 'number' ? given.exp : Number.POSITIVE_INFINITY,
  })
}

/** By its name in the configuration, or by the `iss` of its tokens. */
function findIssuer(wanted: unknown, byClaim: boolean, issuers: Config['issuers']): readonly [string, IssuerConfig] {
  const names = Object.keys(issuers)
  if (wanted === undefined) {
    throw missing('issuer', `the name of one (${names.join(', ')}), or the "iss" of its tokens`)
  }
  const key = byClaim ? 'iss' : 'issuer'
  if (typeof wanted !== 'string') throw new UsageError(`"${key}" wants text, found ${shown(wanted)}`)
  const named = Object.hasOwn(issuers, wanted) ? issuers[wanted] : undefined
  if (named !== undefined) return [wanted, named]
  const found = Object.entries(issuers).filter(([, { jwt }]) => jwt?.issuer === wanted)
  const [only, ...more] = found
  if (only !== undefined && more.length === 0) return only
  if (only !== undefined) {
    const which = found.map(([name]) => `"${name}"`).join(' or ')
    throw new UsageError(`several issuers have the iss ${quoted(wanted)}: say which as "issuer": ${which}`)
  }
  const known = [...names, ...Object.values(issuers).flatMap(({ jwt }) => jwt?.issuer ?? [])]
  const hint = didYouMean(wanted, known) || `; the configuration has ${names.join(', ')}`
  throw new UsageError(`"${key}": no issuer ${quoted(wanted)}${hint}`)
}

function readCertificateFacts(certificate: Value | null): CertificateFacts | null {
  if (certificate === null) return null
  checkKeys(certificate, 'certificate.', CERTIFICATE_KEYS)
  const facts = { subject: '', commonName: '', issuer: '', serial: '', fingerprint: '' }
  const lists: Record<(typeof LISTS)[number], readonly string[]> = { dns: [], uri: [], email: [] }
  for (const name of NAMES) facts[name] = textAt(certificate, name)
  for (const name of LISTS) lists[name] = textsAt(certificate, name)
  if (!/^([0-9a-f]{64})?$/.test(facts.fingerprint)) {
    throw new UsageError(
      'certificate.fingerprint wants the SHA-256 in 64 lower-case hexadecimal digits, without colons',
    )
  }
  if (!/^[0-9A-F]*$/.test(facts.serial)) {
    throw new UsageError('certificate.serial wants upper-case hexadecimal digits, without colons')
  }
  const subject = facts.subject || (facts.commonName === '' ? '' : `CN=${facts.commonName}`)
  return Object.freeze({ ...facts, subject, ...lists })
}

function textAt(certificate: Value, name: string): string {
  const value = certificate[name] ?? ''
  if (typeof value === 'string') return value
  throw new UsageError(`certificate.${name} wants text, found ${shown(value)}`)
}

function textsAt(certificate: Value, name: string): readonly string[] {
  const value = certificate[name] ?? []
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new UsageError(`certificate.${name} wants a list of texts, found ${shown(value)}`)
}

function parseObject(text: string): Value {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`is not JSON: ${printable((error as Error).message, 200)}`)
  }
  return asObject(value, 'the file')
}

function optionalObject(holder: Value, key: string): Value | null {
  return holder[key] === undefined ? null : asObject(holder[key], `"${key}"`)
}

/** Without a prototype: a claim may have any name. */
function asObject(value: unknown, what: string): Value {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.assign(Object.create(null), value)
  }
  throw new UsageError(`${what} wants an object, found ${shown(value)}`)
}

function checkKeys(object: Value, prefix: string, known: readonly string[]): void {
  for (const key of Object.keys(object)) {
    if (known.includes(key)) continue
    const hint = didYouMean(key, known) || `; known here: ${known.join(', ')}`
    throw new UsageError(`unknown key ${quoted(prefix + key, 80)}${hint}`)
  }
}

function missing(key: string, why: string): UsageError {
  return new UsageError(`"${key}" is missing: ${why}`)
}

function shown(value: unknown): string {
  return typeof value === 'string' ? quoted(value, 80) : quoted(JSON.stringify(value), 80)
}
