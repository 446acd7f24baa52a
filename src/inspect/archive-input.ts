import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { malformed } from './archive-header.ts'

/** Bytes that are taken one after another, as they come. */
export interface ByteInput {
  /** The next bytes without taking them; fewer when there are no more. */
  peek(length: number): Promise<Buffer>
  /** Exactly so many bytes; null at the end. Rejects with `body-malformed` when the end is among them. */
  take(length: number): Promise<Buffer | null>
  /** At least one byte and at most so many, whatever is there first. Rejects with `body-malformed` at the end. */
  some(most: number): Promise<Buffer>
  /** All that is left, chunk by chunk, taken from here. */
  rest(): AsyncGenerator<Buffer, void, undefined>
  /** Lets go of the source, which is told so. */
  close(): void
}

const NONE = Buffer.alloc(0)

/** What is not taken stays in the source: at most one of its chunks is held here, or what `take` and `peek` ask for. */
export function createInput(source: AsyncIterable<Buffer>): ByteInput {
  const iterator = source[Symbol.asyncIterator]()
  let held: Buffer = NONE

  /** Holds at least so many bytes; false when there are not so many. Copied together, as chunks may be of one byte each. */
  const hold = async (length: number): Promise<boolean> => {
    while (held.length === 0) {
      const { done, value } = await iterator.next()
      if (done) return false
      held = value
    }
    if (held.length >= length) return true
    const together = Buffer.allocUnsafe(length)
    let size = held.copy(together)
    let left: Buffer = NONE
    while (size < length) {
      const { done, value } = await iterator.next()
      if (done) break
      const copied = value.copy(together, size)
      size += copied
      left = value.subarray(copied)
    }
    held = left.length === 0 ? together.subarray(0, size) : Buffer.concat([together, left])
    return held.length >= length
  }
  const shift = (length: number): Buffer => {
    const taken = held.subarray(0, length)
    held = held.subarray(length)
    return taken
  }

  return {
    async peek(length) {
      await hold(length)
      return held.subarray(0, length)
    },
    async take(length) {
      if (await hold(length)) return shift(length)
      if (held.length === 0) return null
      throw cutOff()
    },
    async some(most) {
      if (await hold(1)) return shift(Math.min(most, held.length))
      throw cutOff()
    },
    async *rest() {
      while (await hold(1)) yield shift(held.length)
    },
    close() {
      // Not waited for: while the source is asked for more, it hears this only when there is more.
      iterator.return?.().catch(() => {})
    },
  }
}

/** What is inside of gzip (RFC 1952), with its members one after another. Rejects with `body-malformed`. */
export async function* gunzip(input: ByteInput): AsyncGenerator<Buffer, void, undefined> {
  const decompressor = createGunzip({ chunkSize: 64 * 1024 })
  // Each of both ends with the other; an error comes out of the loop below.
  pipeline(input.rest(), decompressor, () => {})
  try {
    for await (const chunk of decompressor) yield chunk
  } catch (cause) {
    if (isZlibError(cause)) throw malformed('gzip with an error in it', cause)
    throw cause
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^Z_|^ERR_STREAM_PREMATURE_CLOSE$/.test(String(error.code))
}

export function cutOff(): Error {
  return malformed('it is cut off')
}
