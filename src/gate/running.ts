import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchange } from '../audit/exchange.ts'

/** A request whose answer is not complete. */
export interface Running {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly exchange: Exchange
  /** The request on the same connection that must be answered first; null when there is none, and when this one is over. */
  previous: Running | null
  /** How many of the connection were not answered yet when it came. */
  readonly waiting: number
}

interface Queue {
  /** Null while the connection is idle. */
  last: Running | null
  length: number
}

/** What runs on each client connection: pipelined requests form a queue, which stays as long as the connection. */
const queues = new WeakMap<object, Queue>()

/** Notes a request on its connection until `noteDone`. */
export function noteRunning(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Running {
  const queue = queues.get(request.socket) ?? createQueue(request.socket)
  const running = { request, response, exchange, previous: queue.last, waiting: queue.length }
  queue.last = running
  queue.length++
  return running
}

function createQueue(socket: Socket): Queue {
  // Each request of the queue listens for its end; Node would take more than ten for a leak.
  socket.setMaxListeners(0)
  const queue = { last: null, length: 0 }
  queues.set(socket, queue)
  return queue
}

/** Takes a request whose answer is complete, or can no longer be given, off its connection. */
export function noteDone(running: Running): void {
  // One that always has another behind it would otherwise hold all that came before.
  running.previous = null
  const queue = queues.get(running.request.socket)
  if (queue !== undefined && --queue.length === 0) queue.last = null
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
