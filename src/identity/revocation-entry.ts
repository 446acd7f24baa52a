import { quoted } from '../text.ts'
import { hasInvisible } from './invisible.ts'

/** One line of a revocation file: whoever fits all facts that it names is refused. At least one besides `issuer`. */
export interface RevocationEntry {
  /** The configured issuer's name (the key under `issuers:`). */
  readonly issuer?: string
  /** RFC 7519 `jti`. */
  readonly jti?: string
  readonly subject?: string
  /** Tokens of this issuer with an `iat` before this moment, or without one. Milliseconds since the epoch. */
  readonly issuedBefore?: number
  /** Of the certificate: upper-case hex, no leading zeros. */
  readonly serial?: string
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint?: string
  /** For those who read the file; nobody else is told. */
  readonly reason?: string
  /** When it was revoked, milliseconds since the epoch. */
  readonly at: number
}

/** Characters of one line. */
const MAX_LINE = 4096
const MAX_TEXT = 1024
const KEYS: ReadonlySet<string> = new Set([
  'issuer',
  'jti',
  'subject',
  'issuedBefore',
  'serial',
  'fingerprint',
  'reason',
  'at',
])
/** RFC 3339 section 5.6; the ranges are left to Date, and to the comparison of the day. */
const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/

/** What is wrong with a line or a fact, without its place. */
export class RevocationError extends Error {}

/**
 * Reads one line of a revocation file, strictly: a key that is not known is a condition that would not be looked at.
 *
 * @throws RevocationError
 */
export function parseEntry(line: string): RevocationEntry {
  if (line.length > MAX_LINE) throw new RevocationError(`is longer than ${MAX_LINE} characters`)
  const value = objectOf(line)
  for (const key of Object.keys(value)) {
    if (!KEYS.has(key)) throw new RevocationError(`has the unknown key ${quoted(key, 64)}`)
  }
  const entry = {
    ...fact(value, 'issuer', readText),
    ...fact(value, 'jti', readText),
    ...fact(value, 'subject', readText),
    ...fact(value, 'issuedBefore', parseMoment),
    ...fact(value, 'serial', parseSerial),
    ...fact(value, 'fingerprint', parseFingerprint),
    ...fact(value, 'reason', readText),
    at: fact(value, 'at', parseMoment).at ?? fail('has no "at", the moment of the revocation'),
  } as RevocationEntry
  const { issuer, jti, subject, issuedBefore, serial, fingerprint } = entry
  if ((jti ?? subject ?? issuedBefore ?? serial ?? fingerprint) === undefined) {
    throw new RevocationError('names nobody: wants jti, subject, issuedBefore, serial or fingerprint')
  }
  if (issuedBefore !== undefined && issuer === undefined) {
    throw new RevocationError('has issuedBefore without the issuer that it is for')
  }
  return Object.freeze(entry)
}

/** Writes an entry as `parseEntry` reads it, without an end of line. */
export function formatEntry(entry: RevocationEntry): string {
  const { issuedBefore, at, ...rest } = entry
  const moment = issuedBefore === undefined ? {} : { issuedBefore: new Date(issuedBefore).toISOString() }
  return JSON.stringify({ ...rest, ...moment, at: new Date(at).toISOString() })
}

/** Reads a date and time with its offset from UTC (RFC 3339). Throws RevocationError. */
export function parseMoment(text: string): number {
  const day = RFC_3339.exec(text)?.[1]
  // Date takes the 30th of February for a day in March.
  const exists = day !== undefined && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day)
  const moment = exists ? Date.parse(text.toUpperCase()) : Number.NaN
  if (Number.isNaN(moment))
    throw new RevocationError(`is ${quoted(text, 64)}, and wants 2026-01-31T12:00:00Z (RFC 3339)`)
  return moment
}

/** Reads a serial number as `openssl x509 -serial` writes it, with or without colons. Throws RevocationError. */
export function parseSerial(text: string): string {
  const hex = text.replaceAll(':', '').toUpperCase()
  if (!/^[0-9A-F]{1,64}$/.test(hex))
    throw new RevocationError(`is ${quoted(text, 80)}, and wants a serial number in hex`)
  return withoutZeros(hex)
}

/** Reads a SHA-256 fingerprint in hex, with or without colons. Throws RevocationError. */
export function parseFingerprint(text: string): string {
  const hex = text.replaceAll(':', '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw new RevocationError(`is ${quoted(text, 100)}, and wants a SHA-256 fingerprint: 64 hex digits`)
  }
  return hex
}

/** A name as tokens and certificates have it. Throws RevocationError. */
export function readText(text: string): string {
  if (text === '' || text.length > MAX_TEXT) throw new RevocationError(`wants 1 to ${MAX_TEXT} characters`)
  if (hasInvisible(text)) throw new RevocationError('has control or invisible characters')
  return text
}

/** A serial number as facts of certificates and entries are compared. */
export function withoutZeros(serial: string): string {
  return serial.replace(/^0+(?=.)/, '')
}

function fact<K extends string, T>(
  value: Readonly<Record<string, unknown>>,
  key: K,
  read: (text: string) => T,
): { readonly [P in K]?: T } {
  const text = value[key]
  if (text === undefined) return {}
  if (typeof text !== 'string') throw new RevocationError(`: "${key}" is no text`)
  try {
    return { [key]: read(text) } as { [P in K]: T }
  } catch (error) {
    throw error instanceof RevocationError ? new RevocationError(`: "${key}" ${error.message}`) : error
  }
}

function objectOf(line: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new RevocationError('is not one line of JSON', { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RevocationError('is no JSON object, such as {"issuer":"github","jti":"…","at":"2026-01-31T12:00:00Z"}')
  }
  // JSON.parse keeps the last of two equal keys, and a fact that gets lost revokes others than were meant.
  const texts = line.match(/"(?:[^"\\]|\\.)*"/g)?.length ?? 0
  const entries = Object.entries(value)
  if (entries.every(([, one]) => typeof one === 'string') && texts !== 2 * entries.length) {
    throw new RevocationError('has the same key twice')
  }
  return Object.assign(Object.create(null), value) as Record<string, unknown>
}

function fail(message: string): never {
  throw new RevocationError(message)
}
