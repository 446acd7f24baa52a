import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Exchange } from '../audit/exchange.ts'

/** A request whose answer is not complete. */
export interface Running {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly exchange: Exchange
}

/** The answer that is still running on a client connection. Pipelined requests queue behind it; upgrades must not mix with it. */
const running = new WeakMap<object, Running>()

/** Notes that a connection has an answer running, until the response closes. */
export function noteRunning(request: IncomingMessage, response: ServerResponse, exchange: Exchange): void {
  const { socket } = response
  if (socket === null) return
  const entry = { request, response, exchange }
  running.set(socket, entry)
  response.once('close', () => {
    if (running.get(socket) === entry) running.delete(socket)
  })
}

/** What runs on a client connection, or undefined when it is idle. */
export function runningOn(socket: object): Running | undefined {
  return running.get(socket)
}
