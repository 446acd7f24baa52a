import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchange } from '../audit/exchange.ts'

/** A request whose answer is not complete. */
export interface Running {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly exchange: Exchange
  /** The request on the same connection that must be answered first, as `noteRunning` sets it; null when there is none, and when this one is over. */
  previous: Running | null
  /** The connection is gone. */
  onGone(): void
}

/** Pipelined requests form a queue. */
interface Queue {
  /** Few, and mostly one: as a Set, they would be dear to the collector (see `crowd.ts`). */
  readonly open: Running[]
  last: Running | null
}

/** What runs on each client connection. One entry a connection, not one a request. */
const queues = new WeakMap<object, Queue>()

/** Notes a request on its connection until `noteDone`. Returns how many were not answered yet when it came. */
export function noteRunning(running: Running): number {
  const { socket } = running.request
  const queue = queues.get(socket) ?? queueOf(socket)
  const waiting = queue.open.length
  running.previous = queue.last
  queue.open.push(running)
  queue.last = running
  return waiting
}

function queueOf(socket: Socket): Queue {
  const queue: Queue = { open: [], last: null }
  queues.set(socket, queue)
  socket.once('close', () => {
    // Each takes itself out.
    for (const running of [...queue.open]) running.onGone()
  })
  return queue
}

/** Takes a request whose answer is complete, or can no longer be given, off its connection. */
export function noteDone(running: Running): void {
  // Or a client that always pipelines would make a chain of all that it ever asked.
  running.previous = null
  const queue = queues.get(running.request.socket)
  const place = queue?.open.indexOf(running) ?? -1
  if (queue === undefined || place < 0) return
  queue.open.splice(place, 1)
  if (queue.open.length === 0) queue.last = null
}

/** The last request that runs on a client connection, or undefined when it is idle: upgrades must not mix with its answer. */
export function runningOn(socket: object): Running | undefined {
  return queues.get(socket)?.last ?? undefined
}

/** Connections on which a request was answered, and recorded, before its body was read to the end. */
const unread = new WeakSet<object>()

/** Notes that what comes on the connection of an answered request is still its body, to be dropped. */
export function noteUnread(request: IncomingMessage): void {
  const { socket } = request
  unread.add(socket)
  request.once('close', () => unread.delete(socket))
}

/** Whether what comes on a client connection is the body of a request that was answered already. */
export function isUnread(socket: object): boolean {
  return unread.has(socket)
}
