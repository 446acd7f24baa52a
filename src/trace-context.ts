/*
 * W3C Trace Context, level 1: https://www.w3.org/TR/trace-context-1/. The gate takes part in no trace of its own: it passes
 * on what a caller sends, as it understood it, and makes none where there is none.
 */

/** What a caller's `traceparent` says. */
export interface TraceContext {
  /** 32 hexadecimal digits, not all zero. */
  readonly id: string
  /** 16 hexadecimal digits, not all zero: the caller's span. */
  readonly parent: string
  readonly sampled: boolean
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
/** Characters; a version that is to come may be longer than the 55 of this one. */
const MOST_TRACEPARENT = 256
const SAMPLED = 1

/** Section 3.3.1: what a vendor must at least pass on, and list members at most. */
const MOST_TRACESTATE = 512
const MOST_MEMBERS = 32
const KEY = /^(?:[a-z][_0-9a-z*/-]{0,255}|[a-z0-9][_0-9a-z*/-]{0,240}@[a-z][_0-9a-z*/-]{0,13})$/
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/**
 * Reads the `traceparent` of a request (section 3.2).
 *
 * @param raw name and value pairs in one flat list, as they came
 * @returns null when there is none, or several, or one that is not valid
 */
export function traceContext(raw: readonly string[]): TraceContext | null {
  let value: string | null = null
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length !== 11 || name.toLowerCase() !== 'traceparent') continue
    if (value !== null) return null
    value = raw[i + 1] as string
  }
  return value === null ? null : parseTraceparent(value)
}

function parseTraceparent(value: string): TraceContext | null {
  if (value.length > MOST_TRACEPARENT) return null
  const [whole, version, id = '', parent = '', flags = '', more] = TRACEPARENT.exec(value) ?? []
  if (whole === undefined || version === 'ff') return null
  // A later version begins as this one does, and may go on; this one has four fields and no more.
  if (version === '00' && more !== undefined) return null
  if (/^0+$/.test(id) || /^0+$/.test(parent)) return null
  return { id, parent, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED }
}

/** The header fields that carry a trace on, rebuilt: name and value pairs in one flat list. */
export function traceHeaders({ id, parent, sampled }: TraceContext, raw: readonly string[]): string[] {
  const state = tracestate(raw)
  const headers = ['traceparent', `00-${id}-${parent}-${sampled ? '01' : '00'}`]
  if (state !== null) headers.push('tracestate', state)
  return headers
}

/** Section 3.3: all fields joined in their order; null when there is none, or anything in it is not valid. */
function tracestate(raw: readonly string[]): string | null {
  const members: string[] = []
  const keys = new Set<string>()
  let length = 0
  for (let i = 0; i < raw.length; i += 2) {
    if ((raw[i] as string).toLowerCase() !== 'tracestate') continue
    const value = raw[i + 1] as string
    length += value.length + 1
    if (length > MOST_TRACESTATE + 1) return null
    for (const part of value.split(',')) {
      const member = part.trim()
      if (member === '') continue
      const key = member.slice(0, Math.max(member.indexOf('='), 0))
      if (!KEY.test(key) || !VALUE.test(member.slice(key.length + 1)) || keys.has(key)) return null
      keys.add(key)
      members.push(member)
    }
  }
  return members.length === 0 || members.length > MOST_MEMBERS ? null : members.join(',')
}
