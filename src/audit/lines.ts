import { createReadStream } from 'node:fs'

/** One line of a file of records. */
export interface Line {
  readonly file: string
  /** From 1. */
  readonly number: number
  /** As they are in the file, without the line feed. */
  readonly bytes: Buffer
  /** False: the file ends in it, without a line feed. */
  readonly ended: boolean
}

const LINE_FEED = 10
/** More than the longest record; what is longer is no record, and comes in pieces. */
const MOST_LINE = 1024 * 1024

/**
 * The lines of files, one after another; memory for one line.
 *
 * @throws Error when a file cannot be read
 */
export async function* linesOf(files: readonly string[]): AsyncGenerator<Line> {
  for (const file of files) {
    let number = 0
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let from = 0
      for (let to = rest.indexOf(LINE_FEED); to >= 0; to = rest.indexOf(LINE_FEED, from)) {
        yield { file, number: ++number, bytes: rest.subarray(from, to), ended: true }
        from = to + 1
      }
      rest = rest.subarray(from)
      if (rest.length <= MOST_LINE) continue
      yield { file, number: ++number, bytes: rest, ended: true }
      rest = Buffer.alloc(0)
    }
    if (rest.length > 0) yield { file, number: ++number, bytes: rest, ended: false }
  }
}
