import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { parseGateAddress } from '../../src/connect/address.ts'
import type { TlsFiles } from '../../src/connect/gate.ts'
import { type RunningConnect, startConnect } from '../../src/connect/start.ts'
import type { TokenSource } from '../../src/connect/tokens.ts'
import { createEngine } from '../../src/forward/engine.ts'
import { tunnel } from '../../src/forward/tunnel.ts'
import { createAuthority } from '../../src/pki/authority.ts'
import type { Endpoint } from '../support/raw-client.ts'
import { type RecordingEngine, startRecordingEngine } from '../support/recording-engine.ts'

export interface Scene {
  /** What stands where the gate would: it records every byte that reaches it. */
  readonly gate: RecordingEngine
  /** The local socket. */
  readonly local: Endpoint
  readonly running: RunningConnect
  /** The token that requests get from now on, or why there is none. */
  token: string | Error
  /** A head for the local socket. */
  request(method: string, target: string, headers?: readonly string[]): string
  close(): Promise<void>
}

/** Opens a local socket in front of a recording gate on a unix socket, or behind TLS. */
export async function startScene(
  kind: 'unix' | 'tls',
  options: { readonly tokens?: false; readonly tokenHeader?: string } = {},
): Promise<Scene> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dockgate-connect-test-'))
  const gate = await startRecordingEngine()
  const front = kind === 'tls' ? await startTls(gate.socketPath, folder) : null
  const state = { token: 'token-1' as string | Error }
  const source: TokenSource = {
    name: 'the scene',
    local: true,
    async fetch() {
      if (typeof state.token === 'string') return state.token
      throw state.token
    },
  }
  const socket = path.join(folder, 'local.sock')
  const running = await startConnect({
    gate: parseGateAddress(front?.url ?? `unix://${gate.socketPath}`),
    files: front?.files ?? { authorities: null, client: null },
    source: options.tokens === false ? null : source,
    tokenHeader: options.tokenHeader ?? null,
    listen: `unix://${socket}`,
    warn: () => {},
  })
  return {
    gate,
    local: { path: socket },
    running,
    get token() {
      return state.token
    },
    set token(token) {
      state.token = token
    },
    request: (method, target, headers = []) =>
      `${[`${method} ${target} HTTP/1.1`, 'Host: docker', ...headers].join('\r\n')}\r\n\r\n`,
    async close() {
      running.close()
      await front?.close()
      await gate.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const EMPTY = Buffer.alloc(0)

/** TLS in front of the recording gate's socket, with half-close, as the gate's own listeners have it. */
async function startTls(socketPath: string, folder: string) {
  const authority = createAuthority()
  const { certificate: cert, key } = authority.issueServer({ names: ['localhost'] })
  const file = path.join(folder, 'ca.pem')
  writeFileSync(file, authority.certificate)
  const sockets = new Set<net.Socket>()
  const options = { cert, key, allowHalfOpen: true, ALPNProtocols: ['http/1.1'] } as tls.TlsOptions
  const server = tls.createServer(options, (client) => {
    void tunnel(client, EMPTY, createEngine(socketPath).connect(), EMPTY)
  })
  // Before TLS: an abandoned handshake is half-open, and stays until somebody ends it.
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const files: TlsFiles = { authorities: file, client: null }
  return {
    url: `https://localhost:${(server.address() as net.AddressInfo).port}`,
    files,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
