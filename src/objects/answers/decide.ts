import { parseJson } from '../../inspect/json/parse.ts'
import { serialiseJson } from '../../inspect/json/serialise.ts'
import type { JsonValue } from '../../inspect/json/value.ts'
import { type Steps, unreadable } from './reader.ts'

/** A value as JSON.parse gives it. Its numbers have lost their text, so it is only looked at and never sent. */
export type Plain = null | boolean | number | string | readonly Plain[] | PlainObject

export interface PlainObject {
  readonly [name: string]: Plain
}

/** Makes the value that is sent instead. */
export type Change = (value: JsonValue) => JsonValue

/** What becomes of a value: its bytes pass as they are, or it leaves no trace, or another is sent. */
export type Kept = boolean | Change

/**
 * Decides on one value. JSON.parse reads it for this: the bytes are the engine's, whose Go structs and maps repeat no
 * name, and of those that a stranger could make it repeat (names that Go writes as U+FFFD) none is looked at. A parser
 * that refused those would let one image break everybody's lists.
 *
 * @param member the name of the member that the value is, or is an element of; `''` at the top
 */
export type Decide = (value: Plain, member: string) => Kept | Promise<Kept>

/** An answer's element has at most 32 MiB; how deep a real one goes is far below this. */
const LIMITS = { depth: 200, nodes: 10_000_000 }

/**
 * The value's bytes, the changed value's, or `null` when it is dropped.
 *
 * @throws Refusal `engine-broken`, when the bytes are no JSON value
 */
export function* judgeValue(bytes: Buffer, decide: Decide, member: string): Steps<Buffer | null> {
  let kept = decide(parsePlain(bytes), member)
  if (kept instanceof Promise) kept = (yield kept) as Kept
  if (typeof kept === 'boolean') return kept ? bytes : null
  return rewriteWhole(bytes, kept)
}

/**
 * Another JSON text for one that is held whole. Numbers that are not changed keep their text.
 *
 * @throws Refusal `engine-broken` when the bytes are not one JSON value, or one with repeated names
 */
export function rewriteWhole(bytes: Buffer, change: Change): Buffer {
  let value: JsonValue
  try {
    value = parseJson(bytes, LIMITS)
  } catch {
    throw unreadable('what should be changed is not JSON')
  }
  return serialiseJson(change(value))
}

/** @throws Refusal `engine-broken` */
export function parsePlain(bytes: Buffer): Plain {
  try {
    return JSON.parse(bytes.toString()) as Plain
  } catch {
    throw unreadable('what should be a value is not JSON')
  }
}
