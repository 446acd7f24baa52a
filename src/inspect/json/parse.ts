import { isUtf8 } from 'node:buffer'
import { Refusal } from '../../refusal.ts'
import { quoted } from '../../text.ts'
import { JsonNumber, type JsonObject, type JsonValue } from './value.ts'

export interface JsonLimits {
  /** Arrays and objects inside one another, the outermost counted. Reading recurses so deep: keep it below 1000. */
  readonly depth: number
  /** Values in all: each array, object, string, number, boolean and null. */
  readonly nodes: number
}

/** Several times what the largest real service spec has. */
export const JSON_LIMITS: JsonLimits = { depth: 32, nodes: 20_000 }

/** No 64-bit integer or double needs more characters, and turning long ones into a BigInt costs more than linear time. */
const NUMBER_LENGTH = 64
const NAME_SHOWN = 64

const TAB = 0x09
const LINE_FEED = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const UPPER_E = 0x45
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const LOWER_E = 0x65
const LOWER_F = 0x66
const LOWER_N = 0x6e
const LOWER_T = 0x74
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

interface Reader {
  readonly text: string
  readonly limits: JsonLimits
  at: number
  nodes: number
}

/**
 * Reads one JSON text (RFC 8259) that leaves no room for a second reading. What other parsers take in one way or another
 * is refused: repeated names (compared after unescaping), lone surrogates, invalid UTF-8, a byte order mark, anything but
 * white space behind the value. Names are not judged: `privileged` and `Privileged` are two names here and one to the
 * engine (Go's encoding/json folds case, with U+017F and U+212A), so who reads an object must refuse names it does not know.
 *
 * @throws Refusal `body-malformed`, with the byte offset (from 0) of what is wrong
 */
export function parseJson(bytes: Buffer, limits: JsonLimits = JSON_LIMITS): JsonValue {
  if (!isUtf8(bytes)) throw malformed('invalid UTF-8', invalidUtf8At(bytes))
  const reader: Reader = { text: bytes.toString(), limits, at: 0, nodes: 0 }
  if (reader.text.startsWith('\ufeff')) throw malformed('a byte order mark', 0)
  skipSpace(reader)
  if (reader.at === reader.text.length) refuse(reader, 'no JSON value', reader.at)
  const value = readValue(reader, 0)
  skipSpace(reader)
  if (reader.at < reader.text.length) refuse(reader, 'more behind the JSON value', reader.at)
  return value
}

function readValue(reader: Reader, depth: number): JsonValue {
  reader.nodes += 1
  if (reader.nodes > reader.limits.nodes) refuse(reader, `more than ${reader.limits.nodes} values`, reader.at)
  switch (reader.text.charCodeAt(reader.at)) {
    case QUOTE:
      return readString(reader)
    case OPEN_BRACE:
      return readObject(reader, depth + 1)
    case OPEN_BRACKET:
      return readArray(reader, depth + 1)
    case LOWER_T:
      return readWord(reader, 'true', true)
    case LOWER_F:
      return readWord(reader, 'false', false)
    case LOWER_N:
      return readWord(reader, 'null', null)
    default:
      return readNumber(reader)
  }
}

function readObject(reader: Reader, depth: number): JsonObject {
  const object: Record<string, JsonValue> = Object.create(null)
  open(reader, depth)
  if (take(reader, CLOSE_BRACE)) return object
  do {
    skipSpace(reader)
    const start = reader.at
    if (reader.text.charCodeAt(start) !== QUOTE) refuse(reader, 'not a name in double quotes', start)
    const name = readString(reader)
    if (name in object) refuse(reader, `the name ${quoted(name, NAME_SHOWN)} a second time in one object`, start)
    skipSpace(reader)
    if (!take(reader, COLON)) refuse(reader, 'no colon behind a name', reader.at)
    skipSpace(reader)
    setMember(object, name, readValue(reader, depth))
    skipSpace(reader)
  } while (take(reader, COMMA))
  if (!take(reader, CLOSE_BRACE)) refuse(reader, 'neither a comma nor the end of the object', reader.at)
  return object
}

/** V8 keeps `{"1000":1}` as an array of 1500 places (12 KB), and 10,000 of them as 120 MB, unless a member is read-only. */
function setMember(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (isDigit(name.charCodeAt(0))) Object.defineProperty(object, name, { value, enumerable: true })
  else object[name] = value
}

function readArray(reader: Reader, depth: number): JsonValue[] {
  const array: JsonValue[] = []
  open(reader, depth)
  if (take(reader, CLOSE_BRACKET)) return array
  do {
    skipSpace(reader)
    array.push(readValue(reader, depth))
    skipSpace(reader)
  } while (take(reader, COMMA))
  if (!take(reader, CLOSE_BRACKET)) refuse(reader, 'neither a comma nor the end of the array', reader.at)
  return array
}

function open(reader: Reader, depth: number): void {
  if (depth > reader.limits.depth) refuse(reader, `more than ${reader.limits.depth} levels`, reader.at)
  reader.at += 1
  skipSpace(reader)
}

function readWord<T extends boolean | null>(reader: Reader, word: string, value: T): T {
  if (!reader.text.startsWith(word, reader.at)) refuse(reader, 'not a JSON value', reader.at)
  reader.at += word.length
  return value
}

/**
 * A string (RFC 8259 section 7). JSON.parse resolves the escapes; as no raw surrogate of valid UTF-8 stands alone, a lone
 * one in the result was an escape, which Go would replace by U+FFFD.
 */
function readString(reader: Reader): string {
  const { text, at: start } = reader
  let at = start + 1
  let escaped = false
  for (let unit = text.charCodeAt(at); unit !== QUOTE; unit = text.charCodeAt(at)) {
    if (at >= text.length) refuse(reader, 'a string without an end', start)
    if (unit < SPACE) refuse(reader, 'a control character in a string', at)
    if (unit === BACKSLASH) escaped = true
    at += unit === BACKSLASH ? 2 : 1
  }
  reader.at = at + 1
  if (!escaped) return text.slice(start + 1, at)
  const value = resolveEscapes(text.slice(start, at + 1))
  if (value === null) refuse(reader, 'a string with an escape that JSON does not know', start)
  if (!value.isWellFormed()) refuse(reader, 'a string with a lone surrogate', start)
  return value
}

function resolveEscapes(literal: string): string | null {
  try {
    return JSON.parse(literal)
  } catch {
    return null
  }
}

/** A number (RFC 8259 section 6). */
function readNumber(reader: Reader): JsonNumber {
  const { text, at: start } = reader
  const first = text.charCodeAt(start)
  if (first !== MINUS && !isDigit(first)) refuse(reader, 'not a JSON value', start)
  if (first === MINUS) reader.at += 1
  if (!take(reader, ZERO)) readDigits(reader)
  if (take(reader, POINT)) readDigits(reader)
  if (take(reader, LOWER_E) || take(reader, UPPER_E)) {
    if (!take(reader, MINUS)) take(reader, PLUS)
    readDigits(reader)
  }
  if (reader.at - start > NUMBER_LENGTH) refuse(reader, `a number of more than ${NUMBER_LENGTH} characters`, start)
  return new JsonNumber(text.slice(start, reader.at))
}

function readDigits(reader: Reader): void {
  const start = reader.at
  while (isDigit(reader.text.charCodeAt(reader.at))) reader.at += 1
  if (reader.at === start) refuse(reader, 'no digit where a number needs one', start)
}

function isDigit(unit: number): boolean {
  return unit >= ZERO && unit <= NINE
}

function take(reader: Reader, unit: number): boolean {
  if (reader.text.charCodeAt(reader.at) !== unit) return false
  reader.at += 1
  return true
}

function skipSpace(reader: Reader): void {
  const { text } = reader
  let unit = text.charCodeAt(reader.at)
  while (unit === SPACE || unit === LINE_FEED || unit === RETURN || unit === TAB) {
    reader.at += 1
    unit = text.charCodeAt(reader.at)
  }
}

function refuse(reader: Reader, problem: string, at: number): never {
  throw malformed(problem, Buffer.byteLength(reader.text.slice(0, at)))
}

function malformed(problem: string, offset: number): Refusal {
  return new Refusal('body-malformed', `the JSON body cannot be read without doubt: ${problem}, at byte ${offset}`)
}

/** At or inside the first sequence that is not UTF-8: decoding replaces it, so encoding again gives other bytes. */
function invalidUtf8At(bytes: Buffer): number {
  const replaced = Buffer.from(bytes.toString())
  let at = 0
  while (bytes[at] === replaced[at]) at += 1
  return at
}
