import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type tls from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { type RunningGate, startGate } from '../../src/gate/start.ts'
import { createAuthority, type Issued } from '../../src/pki/authority.ts'
import { revoke } from '../../src/pki/register.ts'
import { serialOf } from '../../src/pki/revocation-list.ts'
import * as answers from '../support/engine-answers.ts'
import { type Endpoint, openRaw, type RawConnection } from '../support/raw-client.ts'
import { type RecordingEngine, startRecordingEngine } from '../support/recording-engine.ts'
import { expectRefusal } from './scene.ts'

const authority = createAuthority()

let folder: string
let engine: RecordingEngine
let gate: RunningGate
const opened: RawConnection[] = []

const at = (name: string) => join(folder, name)
const put = (name: string, content: string) => {
  writeFileSync(at(`${name}.new`), content, { mode: 0o600 })
  renameSync(at(`${name}.new`), at(name))
}
const putServer = () => {
  const { certificate, key } = authority.issueServer({ names: ['localhost'] })
  put('server.crt', certificate)
  put('server.key', key)
}
const register = () => ({ issued: at('issued.pem'), revoked: at('crl.pem') })
const revokeNow = (...clients: readonly Issued[]) => {
  const serials = clients.map(({ certificate }) => serialOf(new X509Certificate(certificate)))
  revoke(register(), authority, { serials, reason: 'keyCompromise', now: new Date() })
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-revoked-'))
  engine = await startRecordingEngine()
  putServer()
  put('ca.crt', authority.certificate)
  revokeNow()
  put('dockgate.yaml', configuration(engine.socketPath))
  // What it tells the operator is told where it happens: src/identity and src/listen.
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  gate = await startGate(loadConfig(at('dockgate.yaml')))
  await engine.waitForRequest(1)
  engine.reset()
})
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.destroy()
  await gate.close()
  await engine.close()
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

function endpoint(client: Issued, more: tls.ConnectionOptions = {}): Endpoint {
  const url = new URL((gate.listeners[0]?.url ?? '').replace('tcp:', 'http:'))
  const pair = { cert: client.certificate, key: client.key }
  return {
    host: url.hostname,
    port: Number(url.port),
    tls: { ca: authority.certificate, servername: 'localhost', ...pair, ...more },
  }
}

async function open(client: Issued, more?: tls.ConnectionOptions): Promise<RawConnection> {
  const connection = await openRaw(endpoint(client, more), 10_000)
  opened.push(connection)
  return connection
}

const request = (target: string, method = 'GET', ...headers: string[]) =>
  `${[`${method} ${target} HTTP/1.1`, 'Host: docker', ...headers].join('\r\n')}\r\n\r\n`
const ATTACH = request('/containers/x/attach?stream=1&stdin=1', 'POST', 'Connection: Upgrade', 'Upgrade: tcp')

const records = () =>
  readFileSync(at('records.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
/** The records that fit, once they are written. */
const recorded = (wanted: Readonly<Record<string, unknown>>) =>
  vi.waitFor(() => expect(records()).toContainEqual(expect.objectContaining(wanted)), { timeout: 5000, interval: 10 })

describe.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a certificate that is revoked while it is in use over %s',
  (version) => {
    const only = { minVersion: version, maxVersion: version }

    it('T134 loses its open stream, on both sides, and the record says why; another one’s goes on', async () => {
      const [bad, good] = [authority.issueClient({ name: 'bad' }), authority.issueClient({ name: 'good' })]
      engine.answer(answers.hangAfterHead())
      const logs = [await open(bad, only), await open(good, only)]
      for (const connection of logs) await connection.write(request('/containers/x/logs?follow=1&stdout=1'))
      for (const connection of logs) await connection.tunnelled('200 OK')
      revokeNow(bad)
      await logs[0]?.ended()
      await engine.requests[0]?.connection.waitForClose()
      await recorded({ operation: 'ContainerLogs', reason: 'certificate-revoked', decision: 'allow', status: 200 })
      expect(logs[1]?.isEnded).toBe(false)
      await engine.requests[1]?.connection.write('5\r\nalive\r\n')
      await logs[1]?.tunnelled('alive')
    })

    it('T134 loses its hijacked session, and the session’s record says why', async () => {
      const bad = authority.issueClient({ name: 'bad' })
      engine.answer(answers.hijackEcho())
      const attached = await open(bad, only)
      await attached.write(`${ATTACH}hello`)
      await attached.tunnelled('hello')
      revokeNow(bad)
      await attached.ended()
      attached.destroy()
      await engine.requests[0]?.connection.waitForClose()
      await recorded({ event: 'session', operation: 'ContainerAttach', reason: 'certificate-revoked', status: 101 })
      expect(records().find(({ event }) => event === 'request')).toMatchObject({ reason: 'allowed' })
    })

    it('T134 loses a request that the engine has not answered, and one that was to be hijacked', async () => {
      const bad = authority.issueClient({ name: 'bad' })
      engine.answer(answers.silent())
      const waiting = [await open(bad, only), await open(bad, only)]
      await waiting[0]?.write(request('/containers/x/wait', 'POST', 'Content-Length: 0'))
      await engine.waitForRequest(1)
      await waiting[1]?.write(ATTACH)
      await engine.waitForRequest(2)
      revokeNow(bad)
      for (const connection of waiting) await connection.ended()
      await recorded({ operation: 'ContainerWait', reason: 'certificate-revoked' })
      await recorded({ operation: 'ContainerAttach', reason: 'certificate-revoked' })
    })

    it('T124 loses its idle connection, and gets no other: not anew, nor by its old session', async () => {
      const bad = authority.issueClient({ name: 'bad' })
      const idle = await open(bad, only)
      const socket = idle.socket as tls.TLSSocket
      const ticket = new Promise<Buffer>((resolve) => socket.once('session', resolve))
      await idle.write(request('/info'))
      expect((await idle.answer()).status).toBe(200)
      const session = version === 'TLSv1.3' ? await ticket : (socket.getSession() as Buffer)
      revokeNow(bad)
      await idle.ended()
      engine.reset()
      for (const more of [{}, { session }]) {
        const again = await open(bad, { ...only, ...more })
        expect((again.socket as tls.TLSSocket).isSessionReused()).toBe('session' in more)
        await again.write(request('/info'))
        const answer = await again.answer()
        expectRefusal(answer, 'certificate-revoked')
        expect(answer.text()).toMatch(/the client certificate was revoked on 20\d\d-.* \(keyCompromise\)/)
      }
      expect(engine.requests).toEqual([])
    })
  },
)

describe('a server certificate that is replaced', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'lets a stream go on, and is shown to who comes after: %s',
    async (version) => {
      const client = authority.issueClient({ name: 'good' })
      const only = { minVersion: version, maxVersion: version }
      const serialOfServer = ({ socket }: RawConnection) =>
        (socket as tls.TLSSocket).getPeerX509Certificate()?.serialNumber
      engine.answer(answers.hangAfterHead())
      const logs = await open(client, only)
      await logs.write(request('/containers/x/logs?follow=1&stdout=1'))
      await logs.tunnelled('200 OK')
      const write = vi.mocked(process.stderr.write)
      putServer()
      await vi.waitFor(() => expect(write.mock.calls.join()).toContain('new TLS files are in use'), { timeout: 5000 })
      await engine.requests[0]?.connection.write('5\r\nalive\r\n')
      await logs.tunnelled('alive')
      engine.answer()
      const after = await open(client, only)
      expect(serialOfServer(after)).not.toBe(serialOfServer(logs))
      await after.write(request('/info'))
      expect((await after.answer()).status).toBe(200)
    },
  )
})

const configuration = (socket: string) => `
listeners:
  - address: 127.0.0.1:0
    tls: { certificate: server.crt, key: server.key, clientAuthorities: ca.crt }
engine: unix://${socket}
issuers:
  staff: { certificate: { authorities: ca.crt, crl: crl.pem } }
roles:
  operator: { extends: admin }
bindings:
  - { role: operator, issuer: staff }
records: { file: records.jsonl }
`
