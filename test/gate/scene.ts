import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { type Reloaded, type RunningGate, startGate } from '../../src/gate/start.ts'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { type Endpoint, openRaw, type RawAnswer, type RawConnection, rawRequest } from '../support/raw-client.ts'
import { expectRecordFile } from '../support/record-lines.ts'
import { type EngineAnswer, type RecordingEngine, startRecordingEngine } from '../support/recording-engine.ts'

/** Parts of a configuration as YAML flow or lines; each has a default. */
export interface Parts {
  /** Entries of the list. */
  readonly listeners?: readonly string[]
  readonly engine?: string
  readonly issuers?: string
  readonly roles?: string
  readonly bindings?: readonly string[]
  readonly records?: string
  /** Further top-level keys. */
  readonly more?: string
}

/** A gate whose configuration changes, in front of a recording engine. */
export interface Scene {
  readonly engine: RecordingEngine
  readonly gate: RunningGate
  /** A path in the scene's folder, which is the configuration's. */
  at(name: string): string
  put(name: string, content: string): void
  /** Writes the configuration and reloads it. */
  reload(parts?: Parts): Promise<Reloaded>
  /** `Authorization: Bearer …` of a token of the issuer `local` whose subject is this. */
  bearer(subject: string, audience?: string): Promise<string>
  endpoint(listener?: string): Endpoint
  open(listener?: string): Promise<RawConnection>
  /** Sends `method target` with these header lines and body, on a connection of its own or a given one. */
  send(line: string, headers: readonly string[], options?: SendOptions): Promise<RawAnswer>
  records(): readonly Record<string, unknown>[]
  /** A record with these fields, once it is written. */
  recorded(wanted: Readonly<Record<string, unknown>>, file?: string): Promise<Record<string, unknown>>
  /** What the operator was told so far. */
  told(): string
  close(): Promise<void>
}

interface SendOptions {
  readonly body?: string
  readonly on?: RawConnection
  readonly listener?: string
}

export const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp']
export const LOCAL = `local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem } }`
const PLAIN = "{ name: plain, address: '127.0.0.1:0' }"

/** The bytes of a request with these header lines. */
export function request(line: string, headers: readonly string[] = [], body?: string): string {
  const framing = body === undefined ? [] : [`Content-Length: ${body.length}`, 'Content-Type: application/json']
  return `${[`${line} HTTP/1.1`, 'Host: docker', ...headers, ...framing].join('\r\n')}\r\n\r\n${body ?? ''}`
}

/** 101 to what asks for an upgrade, in frames, and a chunked answer to the rest; both stay open until the gate ends them. */
export const streaming: EngineAnswer = async (asked, connection) => {
  await asked.whole
  if (asked.values('upgrade').length === 0) {
    await connection.write(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n',
    )
    await connection.whenEnded
    connection.end()
    return
  }
  await connection.write(
    'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
  )
  connection.hijack()
  await connection.write(frame('hello'))
  await connection.whenEnded
  connection.end()
}

/** A frame of standard output. */
export function frame(text: string): Buffer {
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(text.length, 4)
  return Buffer.concat([header, Buffer.from(text)])
}

/** Starts a gate with the parts in its folder; `prepare` may put files there first. */
export async function startScene(parts: Parts = {}, prepare: (put: Scene['put']) => void = () => {}): Promise<Scene> {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const folder = mkdtempSync(join(tmpdir(), 'dockgate-reload-'))
  const at = (name: string) => join(folder, name)
  const put = (name: string, content: string) => writeFileSync(at(name), content, { mode: 0o600 })
  const engine = await startRecordingEngine()
  const key = createTokenKey()
  put('token.pem', publicTokenKey(key))
  prepare(put)
  const load = (wanted: Parts) => {
    put('dockgate.yaml', configuration(engine.socketPath, wanted))
    return loadConfig(at('dockgate.yaml'))
  }
  const gate = await startGate(load(parts))
  // The gate asks for the engine's version when it starts.
  await engine.waitForRequest(1)
  engine.reset()
  const opened: RawConnection[] = []
  const endpoint = (listener = 'plain'): Endpoint => {
    const { url = '' } = gate.listeners.find(({ name }) => name === listener) ?? {}
    if (url.startsWith('unix://')) return { path: url.slice('unix://'.length) }
    const { hostname, port } = new URL(url.replace('tcp:', 'http:'))
    return { host: hostname, port: Number(port) }
  }
  const open = async (listener?: string) => {
    const connection = await openRaw(endpoint(listener))
    opened.push(connection)
    return connection
  }
  const records = (file = 'records.jsonl') =>
    readFileSync(at(file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  return {
    engine,
    gate,
    at,
    put,
    reload: (wanted = {}) => gate.reload(load(wanted)),
    bearer: async (subject, audience) => {
      const { token } = await signToken(key, {
        subject,
        claims: {},
        lifetime: 3_600_000,
        ...(audience ? { audience } : {}),
      })
      return `Authorization: Bearer ${token}`
    },
    endpoint,
    open,
    async send(line, headers, { body, on, listener } = {}) {
      const bytes = request(line, headers, body)
      if (on === undefined) return (await rawRequest(endpoint(listener), bytes)).answer
      await on.write(bytes)
      return on.answer()
    },
    records,
    recorded: (wanted, file) =>
      vi.waitFor(
        () => {
          const found = records(file).find((record) =>
            Object.entries(wanted).every(([name, value]) => record[name] === value),
          )
          if (found === undefined) throw new Error(`no record ${JSON.stringify(wanted)}`)
          return found
        },
        { timeout: 4000, interval: 10 },
      ),
    told: () => stderr.mock.calls.map(([text]) => String(text)).join(''),
    async close() {
      for (const connection of opened) connection.destroy()
      await gate.close()
      await engine.close()
      stderr.mockRestore()
      expectRecordFile(at('records.jsonl'))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(socket: string, parts: Parts): string {
  const { listeners = [PLAIN], bindings = ['{ role: operator, issuer: local }'] } = parts
  return `listeners:
${listeners.map((entry) => `  - ${entry}\n`).join('')}engine: ${parts.engine ?? `unix://${socket}`}
issuers:
  ${parts.issuers ?? LOCAL}
roles: ${parts.roles ?? '{ operator: { extends: admin }, reader: { allow: [read] } }'}
bindings:
${bindings.map((entry) => `  - ${entry}\n`).join('')}records: ${parts.records ?? '{ file: records.jsonl }'}
${parts.more ?? ''}
`
}
