import http from 'node:http'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

export interface EngineAnswer {
  readonly status: number
  readonly body: Buffer
}

/**
 * One request straight to an engine's unix socket, without any client: how the tests look at what really happened.
 * Rejects when the socket does not answer.
 */
export function engineRequest(
  socket: string,
  method: string,
  target: string,
  body?: { readonly type: string; readonly content: Readable },
): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-type': body.type } : {}
    const request = http.request({ socketPath: socket, method, path: target, headers, agent: false }, (response) => {
      buffer(response).then((content) => resolve({ status: response.statusCode ?? 0, body: content }), reject)
    })
    request.on('error', reject)
    if (body) body.content.pipe(request)
    else request.end()
  })
}

/** The engine's JSON answer to a GET. Rejects when the status is not 200. */
export async function engineGet<T>(socket: string, target: string): Promise<T> {
  const { status, body } = await engineRequest(socket, 'GET', target)
  if (status !== 200) throw new Error(`engine: GET ${target}: ${status} ${body}`)
  return JSON.parse(body.toString()) as T
}
