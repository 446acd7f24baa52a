import { on } from 'node:events'
import { Refusal } from '../refusal.ts'
import type { Passage } from './passage.ts'

/** So many chunks of a body are taken before the client is held back. */
const HELD = { highWaterMark: 2, lowWaterMark: 1 } as const

export const leftInside = () => new Refusal('client-gone', 'the client went away inside its request')

/**
 * The client's body, chunk by chunk, for as long as somebody wants it: the engine may answer early, and an archive be
 * refused. The gate then reads the rest, so that the client reads why. The request's own iterator would keep it from that
 * while the client is slow, or destroy the client's socket.
 *
 * @throws Refusal `client-gone`, and what the passage makes of too many bytes
 */
export async function* clientBody(passage: Passage): AsyncGenerator<Buffer, void, undefined> {
  const { request } = passage
  if (request.destroyed) throw leftInside()
  for await (const [chunk] of on(request, 'data', { ...HELD, close: ['end'] })) {
    passage.onBytesIn(chunk.length)
    yield chunk
  }
}
