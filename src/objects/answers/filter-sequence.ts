import { type Decide, judgeValue } from './decide.ts'
import {
  filterBytes,
  heldLength,
  more,
  nextByte,
  RECORD_SEPARATOR,
  type Reader,
  type Steps,
  skipSpace,
  skipValue,
  takeHeld,
} from './reader.ts'

/**
 * JSON values one behind the other, with or without white space between them (as the engine writes events, one a line),
 * or each with a record separator before it (RFC 7464, application/json-seq). Each is decided on, and passes, as soon as
 * its last byte is there. White space behind a value goes with it, so what is dropped leaves nothing behind, and a line's
 * end that comes late is not waited for.
 *
 * @throws Refusal `engine-broken` from the iteration, when a value cannot be read or is cut off
 */
export function filterSequence(chunks: AsyncIterable<Buffer>, decide: Decide): AsyncIterable<Buffer> {
  return filterBytes(chunks, (reader) => readSequence(reader, decide))
}

function* readSequence(reader: Reader, decide: Decide): Steps<void> {
  let kept = true
  while (yield* endSpace(reader, kept)) {
    let first = reader.chunk[reader.at] as number
    while (first === RECORD_SEPARATOR) {
      reader.at += 1
      first = yield* nextByte(reader)
    }
    const start = heldLength(reader)
    yield* skipValue(reader, first)
    const bytes = takeHeld(reader)
    const sent = yield* judgeValue(bytes.subarray(start), decide, '')
    kept = sent !== null
    if (sent !== null) reader.passed.push(bytes.subarray(0, start), sent)
  }
}

/** Passes or drops the white space up to the next value; `false` when there is none. */
function* endSpace(reader: Reader, kept: boolean): Steps<boolean> {
  do {
    skipSpace(reader)
    const space = takeHeld(reader)
    if (kept && space.length > 0) reader.passed.push(space)
    if (reader.at < reader.chunk.length) return true
  } while (yield* more(reader))
  return false
}
