import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Exchange } from '../audit/exchange.ts'

/** A request whose answer is not complete. */
export interface Running {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly exchange: Exchange
  /** The request on the same connection that must be answered first; null when there is none. */
  readonly previous: Running | null
  /** How many of the connection were not answered yet when it came. */
  readonly waiting: number
}

interface Queue {
  last: Running
  length: number
}

/** What runs on each client connection: pipelined requests form a queue. */
const queues = new WeakMap<object, Queue>()

/** Notes a request on its connection until `noteDone`. */
export function noteRunning(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Running {
  const queue = queues.get(request.socket)
  if (queue === undefined) {
    // Each request of the queue listens for its end; Node would take more than ten for a leak.
    request.socket.setMaxListeners(0)
    const running = { request, response, exchange, previous: null, waiting: 0 }
    queues.set(request.socket, { last: running, length: 1 })
    return running
  }
  queue.last = { request, response, exchange, previous: queue.last, waiting: queue.length }
  queue.length++
  return queue.last
}

/** Takes a request whose answer is complete, or can no longer be given, off its connection. */
export function noteDone({ request }: Running): void {
  const queue = queues.get(request.socket)
  if (queue !== undefined && --queue.length === 0) queues.delete(request.socket)
}

/** The last request that runs on a client connection, or undefined when it is idle: upgrades must not mix with its answer. */
export function runningOn(socket: object): Running | undefined {
  return queues.get(socket)?.last
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
