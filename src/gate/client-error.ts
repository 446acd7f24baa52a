import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { openExchange } from '../audit/exchange.ts'
import type { ListenerConfig } from '../config/schema.ts'
import { Refusal } from '../refusal.ts'
import { answerRefusal, noteRefusal } from './answer.ts'
import { brokenOff } from './body.ts'
import { type Gate, record, type Serving } from './gate.ts'
import { writeIntent } from './intent.ts'
import { isUnread, type Running, runningOn } from './running.ts'
import { writeAnswer } from './wire.ts'

/**
 * What Node's parser refuses (bad framing, head too large or too slow) never becomes a request, but gets an answer and a
 * record all the same. Inside a request's body, that request is the one that failed; behind a whole request whose answer
 * still runs, that answer is finished first. Inside a body that nobody reads any more, nothing is left to say.
 */
export function onClientError({ gate, listener }: Serving, error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.destroyed) return
  if (!socket.writable || isUnread(socket) || error.code === 'ECONNRESET' || error.code === 'EPIPE') {
    socket.destroy()
    return
  }
  const refusal = explain(error)
  const running = runningOn(socket)
  if (running === undefined) refuseBytes(gate, listener, socket, refusal)
  else if (running.request.complete) {
    running.response.once('close', () => {
      if (!socket.destroyed) refuseBytes(gate, listener, socket, refusal)
    })
  } else failRequest(gate, running, socket, isBrokenOff(error, running) ? brokenOff() : refusal)
}

function refuseBytes(gate: Gate, listener: ListenerConfig, socket: Socket, refusal: Refusal): void {
  const exchange = openExchange(listener, new IncomingMessage(socket), '', gate.generation)
  noteRefusal(exchange, refusal)
  record(gate, exchange)
  writeAnswer(socket, answerRefusal(refusal, exchange, gate.engine))
}

function failRequest(gate: Gate, { response, exchange }: Running, socket: Socket, refusal: Refusal): void {
  exchange.reason = refusal.reason
  if (response.headersSent) {
    socket.destroy()
    return
  }
  exchange.status = refusal.status
  // Its decision waits for the rest of the body, and would come behind the answer.
  if (gate.records.required) writeIntent(gate, exchange)
  writeAnswer(socket, answerRefusal(refusal, exchange, gate.engine))
}

/** The client ended its side inside a body that was judged and is being passed on: an upload that somebody interrupted. */
function isBrokenOff({ code }: NodeJS.ErrnoException, { exchange }: Running): boolean {
  return code === 'HPE_INVALID_EOF_STATE' && exchange.bytesIn > 0
}

function explain({ code }: NodeJS.ErrnoException): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Refusal('headers-too-large', 'the request head is too large for this listener')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Refusal('headers-timeout', 'the request head did not arrive in time')
  return new Refusal('http-malformed', 'the request is not well-formed HTTP/1.1')
}
