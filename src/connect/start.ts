import http from 'node:http'
import type { Socket } from 'node:net'
import { ENGINE_HEAD_BYTES } from '../forward/engine.ts'
import { bind } from '../listen/bind.ts'
import type { GateAddress } from './address.ts'
import { checkGate } from './check.ts'
import { openGate, type TlsFiles } from './gate.ts'
import type { Link } from './link.ts'
import { carryOrdinary } from './ordinary.ts'
import { createTokens, type TokenSource } from './tokens.ts'
import { carryUpgrade } from './upgrade.ts'

/** Clients keep idle connections for reuse and do not repeat a POST on one that was closed under them, so they close first. */
const IDLE_MS = 10 * 60_000

export interface ConnectOptions {
  readonly gate: GateAddress
  readonly files: TlsFiles
  /** Where tokens come from; null when a client certificate alone says who calls. */
  readonly source: TokenSource | null
  /** The header that tokens go in, as the gate's listener names it; null for `Authorization: Bearer`. */
  readonly tokenHeader: string | null
  /** The socket to open, `unix:///path`. */
  readonly listen: string
  /** Takes one line for the person. */
  readonly warn: (message: string) => void
}

export interface RunningConnect {
  /** What `DOCKER_HOST` is set to: `unix:///path`. */
  readonly url: string
  /** Asks the gate once. Rejects with an Error whose message is for a person. */
  check(): Promise<void>
  /** Ends every connection and removes the socket. */
  close(): void
}

/**
 * Opens a local unix socket (mode 0600) whose every request goes to the gate with a fresh token. A socket that nobody
 * serves is replaced; anything else at its place is an error.
 *
 * @throws Error (as a rejection) with a message for a person when the socket cannot be opened or a file not be used
 */
export async function startConnect(options: ConnectOptions): Promise<RunningConnect> {
  const { files, source, tokenHeader, listen, warn } = options
  const gate = openGate(options.gate, files)
  const tokens = source === null ? null : createTokens(source, { warn })
  const link: Link = { gate, tokens, tokenHeader, authorities: files.authorities }
  const sockets = new Set<Socket>()
  const server = createServer(link, sockets)
  const url = await bind(server, { address: listen, mode: 0o600 })
  // After listening has begun, an error is one of accepting: the next connection may do better.
  server.on('error', (error) => warn(`${url}: ${error.message}`))
  return {
    url,
    check: () => checkGate(link),
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      tokens?.close()
      gate.close()
    },
  }
}

function createServer(link: Link, sockets: Set<Socket>): http.Server {
  /** Connections with a plain request under way: an upgrade behind one would mix with its answer. */
  const busy = new WeakMap<Socket, number>()
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const { socket } = request
    busy.set(socket, (busy.get(socket) ?? 0) + 1)
    response.once('close', () => {
      const left = (busy.get(socket) ?? 1) - 1
      if (left === 0) busy.delete(socket)
      else busy.set(socket, left)
    })
    void carryOrdinary(link, request, response)
  }
  const server = http.createServer(
    {
      maxHeaderSize: ENGINE_HEAD_BYTES,
      requestTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      // The gate's own is sent on.
      requireHostHeader: false,
    },
    onRequest,
  )
  server.maxHeadersCount = 0
  // Without this, Node says 100 Continue before the gate has.
  server.on('checkContinue', onRequest)
  server.on('upgrade', (request, client, head) => {
    if (busy.has(request.socket)) client.destroy()
    else void carryUpgrade(link, request, client, head)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return server
}
