import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Call, collect, parseJson, sendJson } from './call.ts'
import { containerRoutes } from './containers.ts'
import { DEMO_VERSION, hostRoutes, NEWEST_API, OLDEST_API } from './host.ts'
import { objectRoutes } from './objects.ts'
import { BOUNDS, createState, type DemoState, EngineError } from './state.ts'

type Handler = (call: Call) => void | Promise<void>

interface Route {
  readonly method: string
  readonly segments: readonly string[]
  readonly handler: Handler
}

const routes: readonly Route[] = Object.entries({ ...hostRoutes, ...objectRoutes, ...containerRoutes }).map(
  ([pattern, handler]) => {
    const [method = '', path = ''] = pattern.split(' ')
    return { method, segments: path.slice(1).split('/'), handler }
  },
)

/**
 * Matches decoded segments against a pattern where `:x` is one segment and `:x+` one or more.
 * Returns the parameters, or null.
 */
function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | null {
  const spare = segments.length - pattern.length
  const wide = pattern.some((part) => part.endsWith('+'))
  if (spare < 0 || (spare > 0 && !wide)) return null
  const params: Record<string, string> = Object.create(null)
  let at = 0
  for (const part of pattern) {
    const taken = segments.slice(at, at + (part.endsWith('+') ? spare + 1 : 1)).join('/')
    at += part.endsWith('+') ? spare + 1 : 1
    if (!part.startsWith(':')) {
      if (part !== taken) return null
    } else if (taken === '') return null
    else params[part.replace(/[:+]/g, '')] = taken
  }
  return params
}

function readTarget(target: string): { version: string; segments: string[]; query: URLSearchParams } {
  const cut = target.indexOf('?')
  const path = cut < 0 ? target : target.slice(0, cut)
  let segments: string[]
  try {
    segments = decodeURIComponent(path).slice(1).split('/')
  } catch {
    throw new EngineError(400, 'malformed path')
  }
  const query = new URLSearchParams(cut < 0 ? '' : target.slice(cut + 1))
  const prefix = /^v1\.([0-9]{1,3})$/.exec(segments[0] ?? '')
  if (!prefix) return { version: NEWEST_API, segments, query }
  const minor = Number(prefix[1])
  const limit = (api: string) => Number(api.split('.')[1])
  if (minor > limit(NEWEST_API)) {
    throw new EngineError(400, `client version 1.${minor} is too new. Maximum supported API version is ${NEWEST_API}`)
  }
  if (minor < limit(OLDEST_API)) {
    throw new EngineError(400, `client version 1.${minor} is too old. Minimum supported API version is ${OLDEST_API}`)
  }
  return { version: `1.${minor}`, segments: segments.slice(1), query }
}

/** What a request brings that depends on how it came: with or without `Upgrade`. */
type Transport = Pick<Call, 'request' | 'response' | 'hijack'> & { readonly body: () => Promise<Buffer> }

async function dispatch(state: DemoState, transport: Transport): Promise<void> {
  const { request, response } = transport
  let taken = false
  const hijack: Call['hijack'] = (contentType) => {
    taken = true
    return transport.hijack(contentType)
  }
  response.setHeader('Api-Version', NEWEST_API)
  response.setHeader('Builder-Version', '1')
  response.setHeader('Docker-Experimental', 'false')
  response.setHeader('OSType', 'linux')
  response.setHeader('Server', `Docker/${DEMO_VERSION} (linux)`)
  try {
    const { version, segments, query } = readTarget(request.url ?? '')
    for (const { method, segments: pattern, handler } of routes) {
      const params = method === request.method ? matchSegments(pattern, segments) : null
      if (!params) continue
      const json = async () => parseJson(request.headers['content-type'], await transport.body())
      return await handler({ state, params, query, version, request, response, json, hijack })
    }
    throw new EngineError(404, 'page not found')
  } catch (error) {
    if (taken || response.headersSent) return void request.socket.destroy()
    const known = error instanceof EngineError
    sendJson(response, known ? error.status : 500, { message: known ? error.message : 'demo engine failed' })
  }
}

/** A request without `Upgrade`: a hijack answers 200, and the stream lasts to the end of the connection. */
function plain(state: DemoState, request: IncomingMessage, response: ServerResponse): void {
  void dispatch(state, {
    request,
    response,
    body: () => collect(request),
    hijack: (contentType) => {
      const { socket } = request
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\n\r\n`)
      return { socket, input: null }
    },
  })
}

/**
 * The request's body behind an `Upgrade`. Node up to 24 leaves it in `head` and on the socket, Node 26 gives it on
 * `request`; what follows the body is pushed back onto the socket.
 */
async function readUpgradeBody(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<Buffer> {
  const length = Number(request.headers['content-length'] ?? 0)
  if (length > BOUNDS.bodyBytes) throw new EngineError(413, 'the demo engine takes small bodies only')
  const parsed = await collect(request)
  if (parsed.length >= length) return parsed
  const chunks = [parsed]
  let missing = length - parsed.length
  if (head.length > 0) socket.unshift(head)
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk.subarray(0, missing))
    if (chunk.length > missing) socket.unshift(chunk.subarray(missing))
    missing -= Math.min(missing, chunk.length)
    if (missing === 0) break
  }
  return Buffer.concat(chunks)
}

/** A request with `Upgrade`: only hijacking operations take it up; the others answer, and the connection closes. */
async function upgraded(state: DemoState, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on('error', () => socket.destroy())
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  response.once('finish', () => socket.end())
  const body = readUpgradeBody(request, socket, head)
  body.catch(() => {})
  await body.catch(() => {})
  await dispatch(state, {
    request,
    response,
    body: () => body,
    hijack: (contentType) => {
      response.detachSocket(socket as Socket)
      socket.write(
        `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
      )
      return { socket: socket as Socket, input: socket.iterator({ destroyOnReturn: false }) }
    },
  })
}

/**
 * An in-memory Docker Engine (API 1.24 to 1.51) for the demo, unit tests and benchmarks: it keeps lists of containers,
 * images, networks and volumes, and runs nothing. Everything that clients can make grow is bounded (see `BOUNDS`).
 * The caller listens and closes; like dockerd it sets no deadline on connections.
 */
export function createDemoEngine(): Server {
  const state = createState()
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) =>
    plain(state, request, response),
  )
  server.on('upgrade', (request, socket, head) => void upgraded(state, request, socket, head))
  return server
}
