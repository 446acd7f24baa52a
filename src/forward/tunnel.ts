import type { Duplex } from 'node:stream'
import { type Frames, followFrames, type StreamFormat } from './notice.ts'
import { release } from './release.ts'

/** After the engine has ended, the client may take this long to read the last bytes and close. */
const LINGER_MS = 10_000
/** A tunnel that is stopped inside a frame may take this long to come to the frame's end. */
const FRAME_MS = 1_000

/** Bytes from the client to the engine, and back. */
export interface Carried {
  readonly bytesIn: number
  readonly bytesOut: number
}

interface TunnelEnd extends Carried {
  /** Which side ended the session. */
  readonly endedBy: 'client' | 'engine'
}

export interface Tunnel {
  /** When both sides are done. */
  readonly over: Promise<TunnelEnd>
  /** What it has carried so far. */
  carried(): Carried
  /**
   * Ends both sides now: no further byte of the client reaches the engine, and none of the engine's the client but the
   * rest of a frame that has begun. `text` is the last that the client reads, where the stream has room for it.
   */
  stop(text: string): void
}

/**
 * Joins two raw streams until both are done, with back-pressure and half-close in both directions:
 * - `docker exec` half-closes right after the 101, and still wants all output;
 * - the engine's end is the end: the client gets what is left, then its FIN, then a deadline;
 * - the client's going away (not its FIN) ends the engine's side at once;
 * - a command may exit without reading its input, and what it said last still counts: `Engine.connect` gives sockets that
 *   outlive failed writes. Therefore not `pipeline` either, which destroys both sides on the first error.
 *
 * Both are sockets: once a write of one has called back, the memory of what was written is given back (`release`).
 *
 * @param clientRest bytes that the client sent behind its request, `engineHead` those behind the engine's 101
 */
export function tunnel(
  client: Duplex,
  clientRest: Buffer,
  engine: Duplex,
  engineHead: Buffer,
  format: StreamFormat = 'closed',
): Tunnel {
  const frames = followFrames(format)
  const inward = relay(client, engine)
  const outward = relay(engine, client, format === 'closed' ? null : frames)
  const carried = () => ({ bytesIn: inward.bytes(), bytesOut: outward.bytes() })
  const over = new Promise<TunnelEnd>((resolve) => {
    let endedBy: TunnelEnd['endedBy'] | null = null
    let linger: NodeJS.Timeout | null = null
    let open = 2
    const closed = (by: TunnelEnd['endedBy']) => {
      endedBy ??= by
      if (--open > 0) return
      if (linger !== null) clearTimeout(linger)
      resolve({ ...carried(), endedBy })
    }

    inward.begin(clientRest)
    outward.begin(engineHead)
    const clientEnded = () => {
      if (!engine.destroyed) engine.end()
    }
    // A socket with nothing to read emits its end whether or not somebody listens: here, before the engine's 101.
    if (client.readableEnded) clientEnded()
    else client.on('end', clientEnded)
    client.on('error', () => client.destroy())
    client.on('close', () => {
      closed('client')
      engine.destroy()
    })
    engine.on('error', () => {})
    engine.on('end', () => engine.destroy())
    engine.on('close', () => {
      closed('engine')
      if (client.destroyed) return
      // A client that writes before it reads must get to its reading: what it still sends is dropped.
      client.resume()
      client.end()
      linger = setTimeout(() => client.destroy(), LINGER_MS)
    })
  })
  return { over, carried, stop: (text) => stop(client, engine, { inward, outward, frames }, text) }
}

interface Ways {
  readonly inward: Relay
  readonly outward: Relay
  readonly frames: Frames
}

function stop(client: Duplex, engine: Duplex, { inward, outward, frames }: Ways, text: string): void {
  inward.cut()
  outward.cut()
  const finish = () => {
    clearTimeout(late)
    engine.off('data', rest)
    const notice = frames.notice(text)
    if (notice !== null && frames.atBoundary() && client.writable) client.write(notice)
    engine.destroy()
  }
  const rest = (chunk: Buffer) => {
    const taken = frames.passRest(chunk)
    if (taken > 0 && client.writable && !client.write(chunk.subarray(0, taken))) engine.pause()
    if (frames.atBoundary()) finish()
  }
  const late = setTimeout(finish, FRAME_MS)
  if (engine.destroyed || frames.atBoundary()) {
    finish()
    return
  }
  engine.on('data', rest)
  engine.once('close', () => clearTimeout(late))
  engine.resume()
}

/** One direction of a tunnel. */
interface Relay {
  /** Passes on `first` and then all that comes, pausing the source while the target is full. */
  begin(first: Buffer): void
  /** Passes on nothing more; what still comes is dropped. */
  cut(): void
  /** How many have been passed on. */
  bytes(): number
}

function relay(from: Duplex, to: Duplex, frames: Frames | null = null): Relay {
  let bytes = 0
  const pass = (chunk: Buffer) => {
    bytes += chunk.length
    frames?.pass(chunk)
    // What can no longer be delivered is dropped, and the source's end still seen.
    if (to.writable && !to.write(chunk, () => release(chunk))) from.pause()
  }
  const drained = () => from.resume()
  return {
    begin(first) {
      if (first.length > 0) pass(first)
      from.on('data', pass)
      to.on('drain', drained)
      from.resume()
    },
    cut() {
      from.off('data', pass)
      from.resume()
    },
    bytes: () => bytes,
  }
}
