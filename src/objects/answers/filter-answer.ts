import { serialiseJson } from '../../inspect/json/serialise.ts'
import type { JsonObject, JsonValue } from '../../inspect/json/value.ts'
import { type Decide, judgeValue, parsePlain } from './decide.ts'
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  END,
  filterBytes,
  heldLength,
  LOWER_N,
  nextByte,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  type Reader,
  type Steps,
  skipValue,
  takeHeld,
  unreadable,
} from './reader.ts'

/** An array (or null, as Go writes a slice that nobody made) whose elements are decided on one by one. */
export interface Elements {
  readonly elements: Decide
  /** An element without these bytes is dropped unread: reading costs many times what looking for them does. */
  readonly mark?: Buffer | null
}

/** An object (or null) whose members are decided on one by one, or gone into. */
export interface Members {
  readonly members: (name: string) => Plan
  /** Asked once, at the object's end: members that are added, when they follow from what went by. */
  readonly finish?: () => JsonObject
}

/** A function decides on the value as a whole. */
export type Plan = Elements | Members | Decide

/** What is kept of one array or object so far decides on the next comma. */
interface Open {
  empty: boolean
}

/**
 * One JSON text, narrowed while it passes. The bytes of what is kept are the engine's own, white space included; what is
 * dropped takes its comma along. Held is one element, never the array: an element of more than 32 MiB breaks the answer.
 *
 * @throws Refusal `engine-broken` from the iteration, when the answer is not of the plan's shape, or no JSON, or the plan
 * drops all of it: no half of it may look like a whole one
 */
export function filterAnswer(chunks: AsyncIterable<Buffer>, plan: Plan): AsyncIterable<Buffer> {
  return filterBytes(chunks, (reader) => readAnswer(reader, plan))
}

function* readAnswer(reader: Reader, plan: Plan): Steps<void> {
  const open: Open = { empty: true }
  yield* readPlanned(reader, plan, open, '', -1)
  if (open.empty) throw unreadable('nothing of it is for the client')
  if ((yield* nextByte(reader)) !== END) throw unreadable('more behind its end')
  reader.passed.push(takeHeld(reader))
}

/** @param comma where, in what is held before the value, its comma is; -1 when it has none */
function* readPlanned(
  reader: Reader,
  plan: Plan,
  open: Open,
  member: string,
  comma: number,
  mark: Buffer | null = null,
): Steps<void> {
  const first = yield* nextByte(reader)
  if (typeof plan === 'function' || first === LOWER_N) {
    const start = heldLength(reader)
    yield* skipValue(reader, first)
    const bytes = takeHeld(reader)
    if (mark !== null && !bytes.includes(mark)) return
    const sent = yield* judgeValue(bytes.subarray(start), typeof plan === 'function' ? plan : onlyNull, member)
    if (sent !== null) pass(reader, open, bytes.subarray(0, start), comma, sent)
    return
  }
  const isArray = 'elements' in plan
  if (first !== (isArray ? OPEN_BRACKET : OPEN_BRACE)) throw unreadable('a value of another kind than it should be')
  reader.at += 1
  pass(reader, open, takeHeld(reader), comma, null)
  if (isArray) yield* readElements(reader, plan, member)
  else yield* readMembers(reader, plan)
}

function onlyNull(value: unknown): boolean {
  if (value !== null) throw unreadable('a value of another kind than it should be')
  return true
}

function* readElements(reader: Reader, { elements, mark = null }: Elements, member: string): Steps<void> {
  const open: Open = { empty: true }
  let comma = yield* beforeItem(reader, CLOSE_BRACKET, true)
  while (comma !== null) {
    yield* readPlanned(reader, elements, open, member, comma, mark)
    comma = yield* beforeItem(reader, CLOSE_BRACKET, false)
  }
  reader.at += 1
  reader.passed.push(takeHeld(reader))
}

function* readMembers(reader: Reader, { members, finish }: Members): Steps<void> {
  const open: Open = { empty: true }
  let comma = yield* beforeItem(reader, CLOSE_BRACE, true)
  while (comma !== null) {
    const name = yield* readName(reader)
    yield* readPlanned(reader, members(name), open, name, comma)
    comma = yield* beforeItem(reader, CLOSE_BRACE, false)
  }
  const added = finish?.() ?? {}
  for (const name in added) addMember(reader, open, name, added[name] as JsonValue)
  reader.at += 1
  reader.passed.push(takeHeld(reader))
}

/** Reads up to the next item: its comma's place in what is held, -1 for the first, which has none; `null` before the end. */
function* beforeItem(reader: Reader, close: number, first: boolean): Steps<number | null> {
  const next = yield* nextByte(reader)
  if (next === close) return null
  if (first) return -1
  if (next !== COMMA) throw unreadable('no comma between two items')
  const comma = heldLength(reader)
  reader.at += 1
  return comma
}

function* readName(reader: Reader): Steps<string> {
  const first = yield* nextByte(reader)
  if (first !== QUOTE) throw unreadable('a member without a name')
  // What is held before the name is the comma and white space.
  const start = heldLength(reader)
  yield* skipValue(reader, first)
  const name = parsePlain(peekHeld(reader, start)) as string
  if ((yield* nextByte(reader)) !== COLON) throw unreadable('no colon behind a name')
  reader.at += 1
  return name
}

function peekHeld(reader: Reader, start: number): Buffer {
  const bytes = takeHeld(reader)
  reader.held.push(bytes)
  reader.heldBytes = bytes.length
  return bytes.subarray(start)
}

/** Passes what was held before a value, without its comma when it has become the first, and the value's bytes. */
function pass(reader: Reader, open: Open, before: Buffer, comma: number, value: Buffer | null): void {
  if (open.empty && comma !== -1) reader.passed.push(before.subarray(0, comma), before.subarray(comma + 1))
  else reader.passed.push(before)
  if (value !== null) reader.passed.push(value)
  open.empty = false
}

function addMember(reader: Reader, open: Open, name: string, value: JsonValue): void {
  const comma = open.empty ? '' : ','
  reader.passed.push(Buffer.from(`${comma}${JSON.stringify(name)}:`), serialiseJson(value))
  open.empty = false
}
