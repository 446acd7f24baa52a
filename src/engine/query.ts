import { didYouMean } from '../nearest.ts'
import { Refusal } from '../refusal.ts'
import { quoted } from '../text.ts'
import { encodeComponent } from './target.ts'
import type { QueryParameter } from './types.ts'

/** Far more than any client sends; dockerode writes each element of Env and Cmd as a pair. */
const MOST_PAIRS = 1024

/** The query parameters of one operation by their name. */
export type QueryTable = ReadonlyMap<string, QueryParameter>

/** A query that was read, and the one spelling in which it is sent on. */
export interface Query {
  /** Decoded pairs in the client's order, without the parameters that no engine reads. */
  readonly pairs: ReadonlyArray<readonly [name: string, value: string]>
  /** `?a=1&b=2`, or empty. */
  readonly text: string
}

const EMPTY: Query = { pairs: [], text: '' }

/**
 * Reads a query string as Go's `url.ParseQuery` does (`+` is a space, a name without `=` has the empty value, empty
 * pieces between `&` are skipped), and knows every name. Go keeps the first of repeated values and leaves out what it
 * cannot decode; both are refused here.
 * Throws Refusal `query-malformed`, `query-repeated` or `query-unknown`, with the operation and parameter named.
 */
export function readQuery(operation: string, table: QueryTable, raw: string): Query {
  if (raw === '') return EMPTY
  if (raw.includes(';')) throw malformed(operation, 'holds a ";", which separates nothing')
  const pieces = raw.split('&')
  if (pieces.length > MOST_PAIRS) throw malformed(operation, `has more than ${MOST_PAIRS} parameters`)

  const pairs: Array<readonly [string, string]> = []
  const seen: string[] = []
  let text = ''
  for (const piece of pieces) {
    if (piece === '') continue
    const equals = piece.indexOf('=')
    const name = decode(operation, equals === -1 ? piece : piece.slice(0, equals))
    const value = equals === -1 ? '' : decode(operation, piece.slice(equals + 1))
    const parameter = table.get(name)
    if (parameter === undefined) throw unknown(operation, table, name)
    if (parameter.dropped) continue
    if (!parameter.repeat) {
      if (seen.includes(name)) {
        throw new Refusal('query-repeated', `${operation}: the query parameter ${quoted(name)} may appear only once`)
      }
      seen.push(name)
    }
    pairs.push([name, value])
    text += `${text === '' ? '?' : '&'}${encodeComponent(name)}=${encodeComponent(value)}`
  }
  return { pairs, text }
}

function decode(operation: string, text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  let decoded: string
  try {
    decoded = decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw malformed(operation, 'holds a percent-encoding that is not UTF-8 or has no two hexadecimal digits', cause)
  }
  if (decoded.includes('\0')) throw malformed(operation, 'holds a NUL character')
  return decoded
}

function malformed(operation: string, problem: string, cause?: unknown): Refusal {
  return new Refusal('query-malformed', `${operation}: the query string ${problem}`, { cause })
}

function unknown(operation: string, table: QueryTable, name: string): Refusal {
  const known = [...table.values()].filter((parameter) => !parameter.dropped).map((parameter) => parameter.name)
  return new Refusal(
    'query-unknown',
    `${operation} has no query parameter ${quoted(name, 64)}${didYouMean(name, known)}`,
  )
}

/**
 * Whether the engine takes a query value for true: moby's `httputils.BoolValue`. All but the empty value, `0`, `no`,
 * `false` and `none` are true, after Unicode white space is trimmed and letters are lowered.
 */
export function boolValue(value: string): boolean {
  let start = 0
  let end = value.length
  while (start < end && isSpace(value.charCodeAt(start))) start++
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--
  switch (value.slice(start, end).toLowerCase()) {
    case '':
    case '0':
    case 'no':
    case 'false':
    case 'none':
      return false
    default:
      return true
  }
}

/**
 * Go's `unicode.IsSpace`. `String.prototype.trim` is not the same: it takes off U+FEFF, which leaves a true value true
 * in the engine, and not U+0085.
 */
export function isSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d)
  if (code < 0x1680) return code === 0x85 || code === 0xa0
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  )
}
