/**
 * The bytes without the token, wherever it is, chunk borders included. What may be the token's beginning waits for the
 * next chunk: fewer bytes than the token has, and never the end of a JSON value or of a line when, as with names'
 * prefixes, neither a bracket, a quote nor a line feed is in the token. One pass: bytes that meet because a token between
 * them went are not looked at again.
 *
 * @param token ASCII, not empty
 */
export async function* removeToken(
  chunks: AsyncIterable<Buffer>,
  token: string,
): AsyncGenerator<Buffer, void, undefined> {
  const wanted = Buffer.from(token, 'latin1')
  let waiting: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    const pieces: Buffer[] = []
    let start = 0
    for (let found = bytes.indexOf(wanted); found !== -1; found = bytes.indexOf(wanted, start)) {
      pieces.push(bytes.subarray(start, found))
      start = found + wanted.length
    }
    const end = bytes.length - beginningAtEnd(bytes.subarray(start), wanted)
    pieces.push(bytes.subarray(start, end))
    waiting = Buffer.from(bytes.subarray(end))
    const passed = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
    if (passed.length > 0) yield passed
  }
  if (waiting.length > 0) yield waiting
}

/** How many of the last bytes are the token's first, short of all of it. */
function beginningAtEnd(bytes: Buffer, token: Buffer): number {
  let length = Math.min(bytes.length, token.length - 1)
  while (length > 0 && bytes.compare(token, 0, length, bytes.length - length) !== 0) length -= 1
  return length
}
