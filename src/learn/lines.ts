/** No record is longer: one has at most some kilobytes. */
export const LONGEST_LINE = 256 * 1024

/**
 * The lines of a stream with their numbers from 1, empty ones left out; null for one that is too long, of which no more
 * than that is ever kept.
 */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<readonly [number, string | null]> {
  let held: Buffer[] = []
  let length = 0
  let number = 1
  const take = (piece: Buffer) => {
    length += piece.length
    if (length <= LONGEST_LINE) held.push(piece)
    else held = []
  }
  const line = (): string | null => {
    const text = length > LONGEST_LINE ? null : Buffer.concat(held).toString().trim()
    held = []
    length = 0
    return text
  }
  for await (const chunk of stream) {
    let from = 0
    for (let end = chunk.indexOf(10, from); end >= 0; end = chunk.indexOf(10, from)) {
      take(chunk.subarray(from, end))
      const text = line()
      if (text !== '') yield [number, text]
      number++
      from = end + 1
    }
    if (from < chunk.length) take(Buffer.from(chunk.subarray(from)))
  }
  const text = line()
  if (text !== '') yield [number, text]
}
