import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { parseGateAddress } from '../../src/connect/address.ts'
import type { TlsFiles } from '../../src/connect/gate.ts'
import { type RunningConnect, startConnect } from '../../src/connect/start.ts'
import type { TokenSource } from '../../src/connect/tokens.ts'
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
  /** How many tokens were asked for. */
  readonly asked: number
  /** What was said to the person. */
  readonly warnings: readonly string[]
  /** A head for the local socket. */
  request(method: string, target: string, headers?: readonly string[]): string
  close(): Promise<void>
}

/** Opens a local socket in front of a recording gate on a unix socket, or behind TLS. */
export async function startScene(kind: 'unix' | 'tls', options: { readonly tokens?: false } = {}): Promise<Scene> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dockgate-connect-test-'))
  const gate = await startRecordingEngine()
  const front = kind === 'tls' ? await startTls(gate.socketPath, folder) : null
  const state = { token: 'token-1' as string | Error, asked: 0 }
  const source: TokenSource = {
    name: 'the scene',
    local: true,
    async fetch() {
      state.asked++
      if (typeof state.token === 'string') return state.token
      throw state.token
    },
  }
  const warnings: string[] = []
  const socket = path.join(folder, 'local.sock')
  const running = await startConnect({
    gate: parseGateAddress(front?.url ?? `unix://${gate.socketPath}`),
    files: front?.files ?? { authorities: null, client: null },
    source: options.tokens === false ? null : source,
    listen: `unix://${socket}`,
    warn: (message) => void warnings.push(message),
  })
  return {
    gate,
    local: { path: socket },
    running,
    warnings,
    get token() {
      return state.token
    },
    set token(token) {
      state.token = token
    },
    get asked() {
      return state.asked
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
    sockets.add(client)
    client.once('close', () => sockets.delete(client))
    void tunnel(client, EMPTY, net.connect({ path: socketPath, allowHalfOpen: true }), EMPTY)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const files: TlsFiles = { authorities: file, client: null }
  return {
    url: `https://localhost:${(server.address() as net.AddressInfo).port}`,
    files,
    async close() {
      for (const client of sockets) client.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
