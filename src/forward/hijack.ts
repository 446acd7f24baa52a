import http, { type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { CheckedRequest } from '../inspect/inspect.ts'
import { Refusal } from '../refusal.ts'
import { ENGINE_HEAD_BYTES, type Engine } from './engine.ts'
import { engineFailure } from './errors.ts'

/** How the engine answered a request for an upgrade. */
export type UpgradeAnswer =
  /** 101: from here on both sides are raw bytes; `head` came behind the answer's head. */
  | { readonly kind: 'tunnel'; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
  /** Anything else is an ordinary answer (404, 409, …): relay it and pass on no further client byte. */
  | { readonly kind: 'plain'; readonly response: IncomingMessage }

/** A request for an upgrade as it is written, but for the fields that ask for it. `headers` is a flat name, value list. */
export interface UpgradeRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
  readonly body: Buffer
  /** The value of `Upgrade`: `tcp`, `h2c` or `websocket`. */
  readonly protocol: string
}

/**
 * Sends a checked request that asks the engine to switch protocols (attach, exec start, WebSocket attach, /session,
 * /grpc), each on a connection of its own. This class is carried by hand: @fastify/http-proxy has no notion of an
 * upgrade but WebSocket's, and would end it frame by frame.
 *
 * @param protocol the value of `Upgrade` that we send: `tcp`, `h2c` or `websocket`
 * @param client ends the engine's side when the client goes away before the answer
 * @throws Refusal (as a rejection) `engine-unreachable`, `engine-broken`, `client-gone`
 */
export async function upgradeOnEngine(
  engine: Engine,
  checked: CheckedRequest,
  protocol: string,
  client: Socket,
): Promise<UpgradeAnswer> {
  const { operation, headers } = checked
  const body = checked.body.kind === 'bytes' ? checked.body.bytes : Buffer.alloc(0)
  const asked = { method: operation.spec.method, path: operation.target, headers, body, protocol }
  try {
    const answer = await requestUpgrade(asked, () => engine.connect(), client)
    engine.noteApiVersion(answer.response.rawHeaders)
    return answer
  } catch (error) {
    throw engineFailure(error)
  }
}

/**
 * Asks for an upgrade on a connection of its own. The tunnel opens on the 101, never on the request: whoever tunnels on
 * the request hands over the connection (exec start of a missing id answers 404 and stays HTTP).
 *
 * @param connect makes the connection
 * @param client its close before the answer ends the connection
 * @throws Refusal `client-gone`, or the connection's own error (both as a rejection)
 */
export function requestUpgrade(
  { method, path, headers, body, protocol }: UpgradeRequest,
  connect: () => Socket,
  client: Socket,
): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Refusal('client-gone', 'the client went away'))
    // It may have left while its token was verified; its close event is over then.
    if (client.destroyed) return gone()
    const sent = [...headers, 'Connection', 'Upgrade', 'Upgrade', protocol]
    if (method !== 'GET') sent.push('Content-Length', String(body.length))
    const request = http.request({
      method,
      path,
      headers: sent,
      setHost: false,
      maxHeaderSize: ENGINE_HEAD_BYTES,
      createConnection: connect,
    } as http.RequestOptions)
    const leave = () => {
      request.destroy()
      gone()
    }
    client.once('close', leave)
    const settle = (answer: UpgradeAnswer) => {
      client.off('close', leave)
      resolve(answer)
    }
    request.on('upgrade', (response, socket, head) => settle({ kind: 'tunnel', response, socket, head }))
    request.on('response', (response) => {
      const { statusCode = 0 } = response
      if (statusCode >= 200 && statusCode <= 599) settle({ kind: 'plain', response })
      else request.destroy(new Error(`an upgrade was answered with status ${statusCode}`))
    })
    request.on('error', (error) => {
      client.off('close', leave)
      reject(error)
    })
    request.end(body)
  })
}
