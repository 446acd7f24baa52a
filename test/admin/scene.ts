import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { vi } from 'vitest'
import type { Check } from '../../src/admin/check.ts'
import type { Readiness } from '../../src/admin/readiness.ts'
import type { SessionView } from '../../src/admin/sessions.ts'
import { type Admin, startAdmin } from '../../src/admin/start.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type RunningGate, startGate } from '../../src/gate/start.ts'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { openRaw, type RawAnswer, type RawConnection, rawRequest } from '../support/raw-client.ts'
import { type RecordingEngine, startRecordingEngine } from '../support/recording-engine.ts'

/** A gate with an admin socket in front of a recording engine. */
export interface AdminScene {
  readonly folder: string
  readonly engine: RecordingEngine
  readonly gate: RunningGate
  readonly admin: Admin
  readonly socket: string
  /** Asks on the admin socket. */
  ask(method: string, target: string): Promise<RawAnswer>
  ready(): Promise<Readiness & { readonly status: number }>
  /** The check of this name; throws when there is none. */
  check(name: string): Promise<Check>
  sessions(): Promise<readonly SessionView[]>
  /** A token of the issuer `local`. */
  token(subject?: string, claims?: Readonly<Record<string, string>>): Promise<string>
  /** What the metric with these labels is now, as it is written: `name{label="value"}`; undefined where it is not there. */
  metric(series: string): Promise<number | undefined>
  /** The head of a request of an operator, to the gate. */
  request(method: string, target: string, lines?: readonly string[], body?: string): Promise<string>
  open(): Promise<RawConnection>
  write(name: string, content: string): string
  /** Resolves with the records once there are so many. */
  records(count: number): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

/** @param more lines for the configuration by the key that they stand under; `files` is called before it is read */
export async function startAdminScene(
  more: {
    readonly listeners?: string
    readonly issuers?: string
    readonly records?: string
    readonly admin?: string
  } = {},
  files: (write: AdminScene['write']) => void = () => {},
): Promise<AdminScene> {
  const engine = await startRecordingEngine()
  const folder = mkdtempSync(path.join(tmpdir(), 'dockgate-admin-'))
  const write = (name: string, content: string) => {
    writeFileSync(path.join(folder, name), content, { mode: 0o600 })
    return path.join(folder, name)
  }
  const key = createTokenKey()
  write('token.pem', publicTokenKey(key))
  files(write)
  const configuration = write(
    'dockgate.yaml',
    `listeners:
  - { name: local, address: 'unix://${folder}/gate.sock' }
${more.listeners ?? ''}
engine: unix://${engine.socketPath}
issuers:
  local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem } }
${more.issuers ?? ''}
roles:
  operator: { extends: admin }
bindings:
  - { role: operator, issuer: local }
records: { file: ${more.records ?? 'records.jsonl'} }
admin:
  socket: admin.sock
${more.admin ?? ''}
`,
  )
  const loaded = loadConfig(configuration)
  const gate = await startGate(loaded)
  const socket = loaded.config.admin?.socket ?? ''
  const admin = await startAdmin(loaded.config.admin ?? { socket }, gate.inside)
  const ask = async (method: string, target: string) =>
    (await rawRequest({ path: socket }, `${method} ${target} HTTP/1.1\r\nHost: dockgate\r\n\r\n`)).answer
  const token: AdminScene['token'] = async (subject = 'tester', claims = {}) =>
    (await signToken(key, { subject, claims, lifetime: 60_000 })).token
  const ready: AdminScene['ready'] = async () => {
    const answer = await ask('GET', '/readyz')
    return { ...(answer.json() as Readiness), status: answer.status }
  }
  return {
    folder,
    engine,
    gate,
    admin,
    socket,
    ask,
    ready,
    async check(name) {
      const { checks } = await ready()
      const found = checks.find((check) => check.name === name)
      if (found === undefined) throw new Error(`no check ${name} among ${checks.map((one) => one.name).join(', ')}`)
      return found
    },
    sessions: async () => ((await ask('GET', '/sessions')).json() as { sessions: readonly SessionView[] }).sessions,
    token,
    async metric(series) {
      const lines = (await ask('GET', '/metrics')).text().split('\n')
      const line = lines.find((one) => one.startsWith(`${series} `))
      return line === undefined ? undefined : Number(line.slice(series.length + 1))
    },
    async request(method, target, lines = [], body = '') {
      const head = [`${method} ${target} HTTP/1.1`, 'Host: docker', `Authorization: Bearer ${await token()}`, ...lines]
      const type = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]
      return `${[...head, ...type].join('\r\n')}\r\n\r\n${body}`
    },
    open: () => openRaw({ path: path.join(folder, 'gate.sock') }),
    write,
    records: (count) =>
      vi.waitFor(() => {
        const lines = readFileSync(path.join(folder, 'records.jsonl'), 'utf8').split('\n').filter(Boolean)
        if (lines.length < count) throw new Error(`${lines.length} records, not ${count}`)
        return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
      }),
    async close() {
      await admin.close()
      if (!gate.inside().isClosing) await gate.close()
      await engine.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
