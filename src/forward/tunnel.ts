import type { Duplex } from 'node:stream'

/** After the engine has ended, the client may take this long to read the last bytes and close. */
const LINGER_MS = 10_000

export interface TunnelEnd {
  /** Bytes from the client to the engine, and back. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Which side ended the session. */
  readonly endedBy: 'client' | 'engine'
}

/**
 * Joins two raw streams until both are done, with back-pressure and half-close in both directions:
 * - `docker exec` half-closes right after the 101, and still wants all output;
 * - the engine's end is the end: the client gets what is left, then its FIN, then a deadline;
 * - the client's going away (not its FIN) ends the engine's side at once;
 * - a command may exit without reading its input, and what it said last still counts: `Engine.connect` gives sockets that
 *   outlive failed writes. Therefore not `pipeline` either, which destroys both sides on the first error.
 *
 * @param clientRest bytes that the client sent behind its request, `engineHead` those behind the engine's 101
 */
export function tunnel(client: Duplex, clientRest: Buffer, engine: Duplex, engineHead: Buffer): Promise<TunnelEnd> {
  return new Promise((resolve) => {
    let endedBy: TunnelEnd['endedBy'] | null = null
    let linger: NodeJS.Timeout | null = null
    let open = 2
    const closed = (by: TunnelEnd['endedBy']) => {
      endedBy ??= by
      if (--open > 0) return
      if (linger !== null) clearTimeout(linger)
      resolve({ bytesIn: inward(), bytesOut: outward(), endedBy })
    }

    const inward = relay(client, clientRest, engine)
    const outward = relay(engine, engineHead, client)
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
      client.end()
      linger = setTimeout(() => client.destroy(), LINGER_MS)
    })
  })
}

/** Passes on `first` and then all that comes, pausing the source while the target is full; returns the count of bytes so far. */
function relay(from: Duplex, first: Buffer, to: Duplex): () => number {
  let bytes = 0
  const pass = (chunk: Buffer) => {
    bytes += chunk.length
    // What can no longer be delivered is dropped, and the source's end still seen.
    if (to.writable && !to.write(chunk)) from.pause()
  }
  if (first.length > 0) pass(first)
  from.on('data', pass)
  to.on('drain', () => from.resume())
  from.resume()
  return () => bytes
}
