import http, { type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { ENGINE_HEAD_BYTES } from '../forward/engine.ts'
import { clientHeaders } from '../forward/response-headers.ts'
import { discard, onceOver } from '../gate/wire.ts'
import { fail, gateHeaders, type Link, noteStatus, tokenOf } from './link.ts'

/** Methods whose requests have no body unless they say so (RFC 9110 section 8.6); the others say it with a length of 0. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

/** Passes on a request that is no upgrade, and streams body and answer; every failure becomes an answer of ours. */
export async function carryOrdinary(link: Link, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Its own listeners and ours are more than the ten that Node warns at, and end with the response.
  response.setMaxListeners(0)
  try {
    const token = await tokenOf(link)
    if (!response.destroyed && !request.socket.destroyed) exchange(link, request, response, token)
  } catch (error) {
    fail(response, error, link)
  }
}

function exchange(link: Link, request: IncomingMessage, response: ServerResponse, token: string | null): void {
  const framing = framingOf(request)
  const hasBody = framing.length > 0 && framing[1] !== '0'
  const waits = hasBody && request.headers.expect !== undefined
  const headers = [...gateHeaders(request.rawHeaders, link, token), ...framing, ...(waits ? EXPECT : [])]
  let outgoing: ClientRequest

  const send = () => {
    let answered = false
    outgoing = http.request({
      agent: link.gate.agent,
      method: request.method,
      path: request.url,
      headers,
      setHost: false,
      maxHeaderSize: ENGINE_HEAD_BYTES,
    } as http.RequestOptions)
    outgoing.on('continue', () => {
      response.writeContinue()
      request.pipe(outgoing)
    })
    outgoing.on('response', (answer) => {
      answered = true
      noteStatus(link, token, answer.statusCode)
      relay(answer, response)
    })
    outgoing.on('error', (error) => {
      // What happens after the answer has begun, the answer's own end tells.
      if (answered) return
      request.unpipe(outgoing)
      // The gate, or what stands before it, has ended a connection that was kept: it has not read this request.
      if (outgoing.reusedSocket && !hasBody && isSafe(request) && !response.destroyed) send()
      else fail(response, error, link)
    })
    // The gate judges the head; the body may be long in coming.
    if (hasBody) outgoing.flushHeaders()
    else outgoing.end()
    if (hasBody && !waits) request.pipe(outgoing)
  }

  onceOver(request, response, () => {
    outgoing.destroy()
    if (request.complete || request.socket.destroyed) return
    request.unpipe(outgoing)
    discard(request)
  })
  send()
}

const EXPECT = ['Expect', '100-continue']

/** The fields that frame the body, as the client has framed it (RFC 9112 section 6). */
function framingOf({ headers, method = 'GET' }: IncomingMessage): string[] {
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked']
  const length = headers['content-length'] ?? (BODILESS.has(method) ? undefined : '0')
  return length === undefined ? [] : ['Content-Length', length]
}

function isSafe({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

function relay(answer: IncomingMessage, response: ServerResponse): void {
  const headers = clientHeaders(answer.rawHeaders)
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', headers)
  } catch {
    // Characters that no header may hold: Node's writer is stricter than its reader.
    answer.destroy()
    response.destroy()
    return
  }
  response.flushHeaders()
  // An answer that breaks off must not look complete: pipeline destroys the response.
  pipeline(answer, response, () => {})
}
