import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchange } from '../audit/exchange.ts'

/** A request whose answer is not complete. */
export interface Running {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly exchange: Exchange
  /** The request on the same connection that must be answered first; null when there is none. Set by `noteRunning`. */
  previous: Running | null
  /** The connection is gone. */
  onGone(): void
}

/** Pipelined requests form a queue. */
interface Queue {
  readonly open: Set<Running>
  last: Running | null
}

/** What runs on each client connection. One entry a connection, not one a request: changes of a WeakMap are dear to the collector. */
const queues = new WeakMap<object, Queue>()

/** Notes a request on its connection until `noteDone`. Returns how many were not answered yet when it came. */
export function noteRunning(running: Running): number {
  const { socket } = running.request
  const queue = queues.get(socket) ?? queueOf(socket)
  const waiting = queue.open.size
  running.previous = queue.last
  queue.open.add(running)
  queue.last = running
  return waiting
}

function queueOf(socket: Socket): Queue {
  const queue: Queue = { open: new Set(), last: null }
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
  if (queue?.open.delete(running) && queue.open.size === 0) queue.last = null
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
