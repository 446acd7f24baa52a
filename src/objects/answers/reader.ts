import { Refusal } from '../../refusal.ts'

/**
 * The engine's JSON, read as its bytes arrive. Whoever reads is a generator over this: it yields `null` when it needs the
 * next chunk, or a promise when it needs what that resolves to, and `filterBytes` drives it. What has been read and is
 * neither passed nor dropped is held.
 */
export interface Reader {
  chunk: Buffer
  /** The next byte to read, in `chunk`. */
  at: number
  /** Where what is held begins in `chunk`; before that comes `held`, of earlier chunks. */
  mark: number
  held: Buffer[]
  heldBytes: number
  /** What passes, in order. */
  passed: Buffer[]
  ended: boolean
}

export type Steps<Result> = Generator<Promise<unknown> | null, Result, unknown>

/** The most that is held: one element. A container's summary has a few kilobytes, whatever its owner puts into labels. */
const HELD_BYTES = 32 * 1024 * 1024
const NOTHING = Buffer.alloc(0)

/** No more bytes will come. */
export const END = -1
export const RECORD_SEPARATOR = 0x1e
export const COMMA = 0x2c
export const COLON = 0x3a
export const QUOTE = 0x22
export const OPEN_BRACKET = 0x5b
export const CLOSE_BRACKET = 0x5d
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
export const LOWER_N = 0x6e
const TAB = 0x09
const LINE_FEED = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const BACKSLASH = 0x5c

/**
 * Sends chunks through a reader. What it passes goes on before the next chunk is asked for, and before it waits for a
 * promise.
 *
 * @throws Refusal `engine-broken` from the iteration, when the bytes are not the JSON that was expected
 */
export async function* filterBytes(
  chunks: AsyncIterable<Buffer>,
  read: (reader: Reader) => Steps<void>,
): AsyncGenerator<Buffer, void, undefined> {
  const reader: Reader = { chunk: NOTHING, at: 0, mark: 0, held: [], heldBytes: 0, passed: [], ended: false }
  const steps = read(reader)
  let step = steps.next()
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue
    Object.assign(reader, { chunk, at: 0, mark: 0 })
    step = steps.next()
    while (step.value instanceof Promise) {
      yield* takePassed(reader)
      step = steps.next(await step.value)
    }
    yield* takePassed(reader)
  }
  Object.assign(reader, { chunk: NOTHING, at: 0, mark: 0, ended: true })
  step = steps.next()
  while (step.value instanceof Promise) step = steps.next(await step.value)
  yield* takePassed(reader)
}

function* takePassed(reader: Reader): Generator<Buffer, void, undefined> {
  const { passed } = reader
  if (passed.length === 0) return
  reader.passed = []
  yield passed.length === 1 ? (passed[0] as Buffer) : Buffer.concat(passed)
}

/** Waits for the next chunk, holding what has been read; `false` when there is none. */
export function* more(reader: Reader): Steps<boolean> {
  if (reader.mark < reader.chunk.length) {
    const rest = reader.chunk.subarray(reader.mark)
    reader.held.push(rest)
    reader.heldBytes += rest.length
    reader.mark = reader.chunk.length
  }
  if (reader.heldBytes > HELD_BYTES) throw unreadable(`one element of more than ${HELD_BYTES} bytes`)
  if (!reader.ended) yield null
  return !reader.ended
}

/** How many bytes are held. */
export function heldLength(reader: Reader): number {
  return reader.heldBytes + reader.at - reader.mark
}

/** The bytes that are held, which are then no longer held. */
export function takeHeld(reader: Reader): Buffer {
  const last = reader.chunk.subarray(reader.mark, reader.at)
  reader.mark = reader.at
  if (reader.held.length === 0) return last
  const bytes = Buffer.concat([...reader.held, last])
  reader.held = []
  reader.heldBytes = 0
  return bytes
}

/** Skips white space, and tells which byte comes next, or END. */
export function* nextByte(reader: Reader): Steps<number> {
  do {
    skipSpace(reader)
    if (reader.at < reader.chunk.length) return reader.chunk[reader.at] as number
  } while (yield* more(reader))
  return END
}

/** Skips the white space that has arrived. */
export function skipSpace(reader: Reader): void {
  const { chunk } = reader
  while (reader.at < chunk.length && isSpace(chunk[reader.at] as number)) reader.at += 1
}

/**
 * Skips the value that begins with `first`, the next byte. Only its end is found: brackets are counted, not matched, and
 * a scalar goes as far as it can. So whatever is done with the value, it must be parsed.
 *
 * @throws Refusal `engine-broken` when no value begins here, or the bytes end inside it
 */
export function* skipValue(reader: Reader, first: number): Steps<void> {
  if (first === END) throw unreadable('it ends where a value should be')
  if (first === QUOTE || first === OPEN_BRACE || first === OPEN_BRACKET) {
    const scan: Scan = { depth: 0, quoted: false, escaped: false }
    while (!scanOn(reader, scan)) if (!(yield* more(reader))) throw unreadable('it ends inside a value')
    return
  }
  const start = heldLength(reader)
  do {
    while (reader.at < reader.chunk.length && !endsScalar(reader.chunk[reader.at] as number)) reader.at += 1
  } while (reader.at === reader.chunk.length && (yield* more(reader)))
  if (heldLength(reader) === start) throw unreadable('something that is no value')
}

interface Scan {
  depth: number
  quoted: boolean
  escaped: boolean
}

/** Every byte of an answer passes here, most of them in the inner loop. Returns whether the value has ended. */
function scanOn(reader: Reader, scan: Scan): boolean {
  const { chunk } = reader
  const { length } = chunk
  let { at } = reader
  let { depth, quoted } = scan
  let over = false
  if (scan.escaped && at < length) {
    at += 1
    scan.escaped = false
  }
  while (at < length && !over) {
    if (quoted) {
      let byte = chunk[at++]
      while (byte !== QUOTE && byte !== BACKSLASH && at < length) byte = chunk[at++]
      if (byte === QUOTE) {
        quoted = false
        over = depth === 0
      } else if (byte === BACKSLASH) {
        scan.escaped = at === length
        at += 1
      }
      continue
    }
    const byte = chunk[at++]
    if (byte === QUOTE) quoted = true
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) over = --depth === 0
  }
  scan.depth = depth
  scan.quoted = quoted
  reader.at = Math.min(at, length)
  return over
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === RETURN || byte === TAB
}

function endsScalar(byte: number): boolean {
  switch (byte) {
    case COMMA:
    case QUOTE:
    case OPEN_BRACKET:
    case CLOSE_BRACKET:
    case OPEN_BRACE:
    case CLOSE_BRACE:
    case RECORD_SEPARATOR:
      return true
    default:
      return isSpace(byte)
  }
}

/** The engine's answer is not what it should be; what is wrong is told without a word of the answer. */
export function unreadable(problem: string): Refusal {
  return new Refusal('engine-broken', `the engine's answer cannot be read: ${problem}`)
}
