import { Refusal } from '../refusal.ts'
import { quoted } from '../text.ts'

/**
 * The bytes that a target may hold: printable ASCII without space, `"`, `#`, `<`, `>`, `\`, `^`, the backtick, `{`, `|`
 * and `}`, which no URI holds (RFC 3986 appendix A). With the leading slash it keeps out fragments and the absolute,
 * authority and asterisk forms (RFC 9112 section 3.2).
 */
const ORIGIN_FORM = /^\/[!$-;=?-[\]_a-z~]*$/

/** Whatever the engine's router takes for a version (`/v[0-9.]+`), and what is written like one. */
const VERSION_LIKE = /^[vV][0-9.]*$/

/** A version as it is written: no leading zeros, one dot. */
const VERSION = /^v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$/

/** Below it the engine reads bodies and routes of old (a HostConfig in the body of start, for one). */
const OLDEST_MINOR = 24

/** No engine is near it; a bound for what is kept and compared. */
const NEWEST_MINOR = 999

/** A target taken apart. */
export interface Target {
  /** `"1.41"`, or null when the path has no version. */
  readonly apiVersion: string | null
  /** Decoded path segments below the version. The last one is empty when the path ends in a slash, no other one is. */
  readonly segments: readonly string[]
  /** For each percent-encoded slash, the index of the segment that follows it. */
  readonly encodedSlashes: readonly number[]
  /** The path as it was sent, for messages. */
  readonly path: string
  /** What follows the first `?`, as it was sent. */
  readonly query: string
}

/**
 * Takes an origin-form target (RFC 9112 section 3.2.1) apart and decodes its path, exactly once.
 *
 * dockerd matches its routes on the decoded path, redirects what is not clean, and strips any `/v[0-9.]+`. Here each
 * operation has one spelling: a path that is spelled otherwise is refused, never cleaned.
 * Throws Refusal `target-malformed` or `version-unsupported`.
 */
export function readTarget(rawTarget: string): Target {
  const mark = rawTarget.indexOf('?')
  const path = mark === -1 ? rawTarget : rawTarget.slice(0, mark)
  if (!ORIGIN_FORM.test(rawTarget))
    throw malformed(path, 'is not in origin form, or holds a character that no URI holds')
  const query = mark === -1 ? '' : rawTarget.slice(mark + 1)
  if (path.includes(';')) throw malformed(path, 'holds a ";"')

  const written = path.slice(1).split('/')
  const apiVersion = readVersion(written[0] ?? '', path)
  if (apiVersion !== null) written.shift()

  const encodedSlashes: number[] = []
  const segments = path.includes('%') ? decodeSegments(written, encodedSlashes, path) : written
  checkSegments(segments, path)
  return { apiVersion, segments, encodedSlashes, path, query }
}

function readVersion(segment: string, path: string): string | null {
  if (!VERSION_LIKE.test(segment)) return null
  const numbers = VERSION.exec(segment)
  if (numbers === null) throw malformed(path, 'begins with what is no API version in the form "v1.41"')
  const minor = Number(numbers[2])
  if (numbers[1] !== '1' || minor < OLDEST_MINOR || minor > NEWEST_MINOR) {
    throw new Refusal(
      'version-unsupported',
      `API version ${quoted(segment.slice(1), 32)} is not supported: use version 1.${OLDEST_MINOR} or newer`,
    )
  }
  return segment.slice(1)
}

/** Decodes each segment; one with encoded slashes becomes several, with the place of each such slash noted. */
function decodeSegments(written: readonly string[], encodedSlashes: number[], path: string): string[] {
  const segments: string[] = []
  for (const segment of written) {
    const parts = segment.includes('%') ? decodeSegment(segment, path).split('/') : [segment]
    for (let index = 1; index < parts.length; index++) encodedSlashes.push(segments.length + index)
    segments.push(...parts)
  }
  return segments
}

function decodeSegment(segment: string, path: string): string {
  for (let at = segment.indexOf('%'); at !== -1; at = segment.indexOf('%', at + 3)) {
    const byte = hexadecimal(segment, at + 1)
    if (byte === null) throw malformed(path, 'holds a "%" without two hexadecimal digits')
    if (!mayBeEncoded(byte)) throw malformed(path, `holds ${segment.slice(at, at + 3)}, which is never percent-encoded`)
  }
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw malformed(path, 'is not UTF-8 when it is decoded', cause)
  }
}

/** The byte that two hexadecimal digits stand for, or null. */
function hexadecimal(text: string, at: number): number | null {
  const high = digit(text.charCodeAt(at))
  const low = digit(text.charCodeAt(at + 1))
  return high === -1 || low === -1 ? null : high * 16 + low
}

function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/**
 * Whether a byte of a path may come percent-encoded. Not so: unreserved characters, which would give one path several
 * spellings (RFC 3986 section 2.3); `%`, which would survive to be decoded again; `\` and controls.
 */
function mayBeEncoded(byte: number): boolean {
  if (byte >= 0x80) return true
  if (byte < 0x20 || byte === 0x7f || byte === 0x25 || byte === 0x5c) return false
  return !/[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
}

function checkSegments(segments: readonly string[], path: string): void {
  const last = segments.length - 1
  for (let index = 0; index <= last; index++) {
    const segment = segments[index]
    if (segment === '.' || segment === '..' || (segment === '' && index < last)) {
      throw malformed(path, 'is not clean: it holds an empty, "." or ".." segment')
    }
  }
  // A second version, or one whose slash was encoded: the engine would strip it when the canonical path has it plain.
  if (VERSION_LIKE.test(segments[0] ?? '')) throw malformed(path, 'holds an API version where none belongs')
}

/** The refusal of a target whose path is not canonical. Queries hold secrets and are not shown. */
export function malformed(text: string, problem: string, cause?: unknown): Refusal {
  return new Refusal('target-malformed', `the request target ${quoted(text)} ${problem}`, { cause })
}

/** Percent-encodes a path parameter, but for `/`, `:` and `@`; uppercase hexadecimal, UTF-8 (RFC 3986 section 2.1). */
export function encodePath(value: string): string {
  if (/^[A-Za-z0-9._~:@/-]*$/.test(value)) return value
  return encodeComponent(value).replaceAll('%3A', ':').replaceAll('%40', '@').replaceAll('%2F', '/')
}

/** Percent-encodes everything but unreserved characters; uppercase hexadecimal, UTF-8 (RFC 3986 section 2.1). */
export function encodeComponent(value: string): string {
  if (/^[A-Za-z0-9._~-]*$/.test(value)) return value
  return encodeURIComponent(value).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}
