import { createSocket } from 'node:dgram'
import { isIPv6, connect as netConnect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { RecordsAddress } from '../config/records-schema.ts'

/** A connection to where records are sent, for as long as it lasts. */
export interface Outlet {
  /** Sends some frames; `done` is called when they are handed over. To be called again only then. */
  send(frames: readonly string[], done: () => void): void
  /** Ends it: what was handed over is sent first. */
  end(): void
  destroy(): void
}

export interface OutletEvents {
  opened(): void
  /** It is over, also when it never opened. Called once. */
  closed(why: string): void
}

/** So long may the other end take nothing of what it is sent. */
const STALLED_MS = 30_000
const KEEP_ALIVE_MS = 30_000

/** @param authorities in PEM: who may have signed the certificate of a `tls://` address; otherwise the system's */
export function openOutlet(address: RecordsAddress, authorities: string | undefined, events: OutletEvents): Outlet {
  return address.kind === 'udp' ? openDatagrams(address, events) : openStream(address, authorities, events)
}

function openStream(
  address: Exclude<RecordsAddress, { kind: 'udp' }>,
  authorities: string | undefined,
  { opened, closed }: OutletEvents,
): Outlet {
  let why = 'the other end closed the connection'
  let sending = false
  let isOpen = false
  const socket = connect(address, authorities)
  socket.once(address.kind === 'tls' ? 'secureConnect' : 'connect', () => {
    isOpen = true
    opened()
  })
  socket.on('error', (error) => {
    why = error.message
  })
  socket.once('close', () => closed(`${address.text}: ${why}`))
  // Whatever it says: nothing is asked of it, and its end is only seen by who reads.
  socket.resume()
  socket.setTimeout(STALLED_MS, () => {
    if (sending || !isOpen) socket.destroy(new Error('takes nothing'))
  })
  return {
    send(frames, done) {
      sending = true
      socket.write(frames.join(''), (error) => {
        sending = false
        if (!error) done()
      })
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  }
}

function connect(address: Exclude<RecordsAddress, { kind: 'udp' }>, authorities: string | undefined): Socket {
  if (address.kind === 'unix') return netConnect({ path: address.path })
  const { host, port } = address
  const options = { host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
  if (address.kind === 'tcp') return netConnect(options)
  return tlsConnect({ ...options, ...(authorities === undefined ? {} : { ca: authorities }) })
}

/** Nothing tells whether a datagram has arrived: only what the system refuses to send ends the connection. */
function openDatagrams(
  { text, host, port }: RecordsAddress & { kind: 'udp' },
  { opened, closed }: OutletEvents,
): Outlet {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  let why = 'closed'
  let open = true
  const destroy = () => {
    if (open) socket.close()
    open = false
  }
  const fail = (error: Error) => {
    why = error.message
    destroy()
  }
  socket.on('error', fail)
  socket.once('close', () => closed(`${text}: ${why}`))
  // A name that does not resolve is told to the callback, and not as an event.
  socket.connect(port, host, (error?: Error) => {
    if (error) fail(error)
    else if (open) opened()
  })
  return {
    send(frames, done) {
      let left = frames.length
      for (const frame of frames) {
        socket.send(frame, (error) => {
          if (error) fail(error)
          else if (--left === 0) done()
        })
      }
    },
    end: destroy,
    destroy,
  }
}
