import type { IncomingMessage } from 'node:http'
import { isBelow } from '../engine/recognise.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import { headerValue } from '../inspect/raw-headers.ts'

/**
 * What the engine's side of a hijacked stream looks like:
 * - `multiplexed`: frames of standard output and standard error (Engine API, ContainerAttach: "Stream format");
 * - `raw`: a terminal's bytes;
 * - `untold`: one of the two, told by the first bytes;
 * - `closed`: another protocol, into which nothing can be written.
 */
export type StreamFormat = 'multiplexed' | 'raw' | 'untold' | 'closed'

const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream'
const HEADER_BYTES = 8
/** The highest stream of a frame: 0 standard input, 1 output, 2 error, 3 an error of the engine. */
const LAST_STREAM = 3
const STDERR = 2

/** The format of a tunnel, from the engine's 101 and what was asked for. */
export function streamFormat(
  { operation, body }: CheckedRequest,
  { rawHeaders }: IncomingMessage,
  protocol: string,
): StreamFormat {
  if (protocol !== 'tcp') return 'closed'
  if (headerValue(rawHeaders, 'content-type') === MULTIPLEXED) return 'multiplexed'
  // Since API 1.42 the engine says which it is; before, both have the type of the raw one.
  if (operation.apiVersion !== null && !isBelow(operation.apiVersion, '1.42')) return 'raw'
  if (operation.spec.id !== 'ExecStart' || body.kind !== 'bytes') return 'untold'
  const { Tty } = JSON.parse(body.bytes.toString() || '{}') as { Tty?: unknown }
  return Tty === true ? 'raw' : 'multiplexed'
}

/** Follows where the frames of a stream begin and end, looking at nothing but their headers. */
export interface Frames {
  /** Takes the next bytes as passed on. */
  pass(chunk: Buffer): void
  /** True where a frame of ours would stand between two of the engine's. */
  atBoundary(): boolean
  /** Takes as many of the next bytes as belong to the frame that has begun, and returns how many. */
  passRest(chunk: Buffer): number
  /** A line for the person at the other end, as the stream can carry it here; null when it cannot. */
  notice(text: string): Buffer | null
}

export function followFrames(format: StreamFormat): Frames {
  const header = Buffer.alloc(HEADER_BYTES)
  let seen = format
  let have = 0
  let payload = 0

  const framed = () => seen === 'multiplexed' || seen === 'untold'

  /** Takes what `chunk` has from `at` on of one header or one payload; returns where it ends. */
  function step(chunk: Buffer, at: number): number {
    if (payload > 0) {
      const taken = Math.min(payload, chunk.length - at)
      payload -= taken
      return at + taken
    }
    const taken = Math.min(HEADER_BYTES - have, chunk.length - at)
    chunk.copy(header, have, at, at + taken)
    have += taken
    if (!isHeader(header, have)) {
      // A terminal's bytes; or, where frames were told, a stream that nobody can follow.
      seen = seen === 'untold' ? 'raw' : 'closed'
      return chunk.length
    }
    if (have === HEADER_BYTES) {
      seen = 'multiplexed'
      payload = header.readUInt32BE(4)
      have = 0
    }
    return at + taken
  }

  return {
    pass(chunk) {
      for (let at = 0; at < chunk.length && framed(); ) at = step(chunk, at)
    },
    atBoundary: () => !framed() || (have === 0 && payload === 0),
    passRest(chunk) {
      let at = 0
      while (at < chunk.length && framed() && (have > 0 || payload > 0)) at = step(chunk, at)
      return at
    },
    notice(text) {
      if (seen === 'raw') return Buffer.from(`\r\n${text}\r\n`)
      if (seen !== 'multiplexed') return null
      const line = Buffer.from(`${text}\n`)
      const frame = Buffer.alloc(HEADER_BYTES)
      frame[0] = STDERR
      frame.writeUInt32BE(line.length, 4)
      return Buffer.concat([frame, line])
    },
  }
}

/** Whether these bytes can begin a frame: the stream, three zeros, then any length. */
function isHeader(header: Buffer, have: number): boolean {
  if ((header[0] as number) > LAST_STREAM) return false
  for (let i = 1; i < Math.min(have, 4); i++) if (header[i] !== 0) return false
  return true
}
