import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, vi } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { startGate } from '../../src/gate/start.ts'
import { createAuthority } from '../../src/pki/authority.ts'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { REASONS, type ReasonCode } from '../../src/reasons.ts'
import { type Endpoint, openRaw, type RawAnswer, type RawConnection, rawRequest } from '../support/raw-client.ts'
import { expectRecordFile } from '../support/record-lines.ts'
import { type RecordedRequest, type RecordingEngine, startRecordingEngine } from '../support/recording-engine.ts'
import { roleLines } from '../support/role-lines.ts'

/** A gate in front of a recording engine, and an attacker on its listeners. */
export interface Scene {
  readonly engine: RecordingEngine
  /** The file that the gate was started from. */
  readonly configuration: string
  /** Plain TCP on loopback. */
  readonly tcp: Endpoint
  /** TLS; the server's authority is known to the client, no client certificate. */
  readonly tls: Endpoint & { readonly tls: object }
  /** Plain TCP with deadlines of 300 ms and small limits: 8 KiB of head, 10 fields, 1 KiB of target. */
  readonly tight: Endpoint
  /** Plain TCP that takes two connections at a time. */
  readonly few: Endpoint
  /** `Authorization: Bearer …` of a principal with this role. */
  authorization(role: Role): string
  /** A signed token with any subject. */
  token(subject: string, role: Role, lifetime?: number): Promise<string>
  /** Appends a line to the revocation file, which is empty at first. */
  revoke(entry: object): void
  readonly revocationFile: string
  /** The bytes of a well-formed request; see `Wish`. */
  request(method: string, target: string, wish?: Wish): string
  /** Sends one well-formed request and returns the first final answer. */
  send(method: string, target: string, wish?: Wish): Promise<RawAnswer>
  /** Requests that reached the engine, in order, at a moment when the gate has nothing left to send. */
  reached(): Promise<readonly RecordedRequest[]>
  /** The same as `GET /a` and so on. */
  reachedLines(): Promise<readonly string[]>
  /** The bytes that reached the engine since the last reset, the barrier's own left out. */
  nothingReached(): Promise<void>
  /** The record with this id, once it is written. */
  record(id: string): Promise<Record<string, unknown>>
  recordLines(): string[]
  open(endpoint?: Endpoint): Promise<RawConnection>
  close(): Promise<void>
}

/** A role of `ROLES`, or one that the scene was given. */
type Role = string

export interface Wish {
  readonly role?: Role | null
  /** Header lines without end of line. */
  readonly headers?: readonly string[]
  /** Sent with Content-Length and `application/json`, unless `headers` says what it is. */
  readonly body?: string
}

/** Each may ask for everything in what it may do. */
const ROLES = {
  operator: '{ extends: admin }',
  reader: '{ extends: admin, allow: [read] }',
  viewer: '{ extends: admin, allow: [read, read-sensitive] }',
  maker: '{ extends: admin, allow: [read, create, lifecycle] }',
  deleter: '{ extends: admin, allow: [ContainerDelete] }',
  runner: '{ extends: admin, allow: [read, exec] }',
}
/** No test asks for this version: the barrier's request is told apart by it. */
const BARRIER = '/v1.777/version'
/** What a gate with owners asks by itself: lists of all that has its labels, and of all that there is. */
const UPKEEP =
  /filters=%7B%22label%22%3A%5B%22io\.dockgate\.(?:owner|expires)%22%5D%7D$|^\/(?:images\/json\?all=1&|volumes\?)filters=%7B%7D$/

/** Starts a scene; `close` ends it and removes its files. `more` are roles beside `ROLES`, as YAML: `{ extends: ci-run }`. */
export async function startScene(more: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const roles = { ...ROLES, ...more }
  const hasOwners = roleLines(roles).ledger !== ''
  const engine = await startRecordingEngine()
  const folder = mkdtempSync(path.join(tmpdir(), 'dockgate-attack-'))
  const file = (name: string) => path.join(folder, name)
  const write = (name: string, content: string) => writeFileSync(file(name), content, { mode: 0o600 })
  const authority = createAuthority()
  const server = authority.issueServer({ names: ['127.0.0.1'] })
  const key = createTokenKey()
  write('ca.crt', authority.certificate)
  write('server.crt', server.certificate)
  write('server.key', server.key)
  write('token.pem', publicTokenKey(key))
  write('revoked.jsonl', '')
  write('dockgate.yaml', configuration(engine.socketPath, roles))
  const gate = await startGate(loadConfig(file('dockgate.yaml')))
  const endpoint = (name: string) => {
    const url = new URL(gate.listeners.find((listener) => listener.name === name)?.url.replace('tcp:', 'http:') ?? '')
    return { host: url.hostname, port: Number(url.port) }
  }
  const token = async (subject: string, role: Role, lifetime = 3_600_000) =>
    (await signToken(key, { subject, claims: { role }, lifetime })).token
  const authorizations = new Map<Role, string>()
  for (const role of Object.keys(roles))
    authorizations.set(role, `Authorization: Bearer ${await token(`${role}@test`, role)}`)
  const authorization = (role: Role) => authorizations.get(role) ?? ''
  const tcp = endpoint('plain')
  // The gate asks for the engine's version when it starts.
  await engine.waitForRequest(1)
  engine.reset()

  const request: Scene['request'] = (method, target, { role = 'operator', headers = [], body } = {}) => {
    const lines = [`${method} ${target} HTTP/1.1`, 'Host: docker']
    if (role !== null) lines.push(authorization(role))
    if (body !== undefined) {
      lines.push(`Content-Length: ${Buffer.byteLength(body, 'latin1')}`)
      if (!headers.some((line) => /^content-type:/i.test(line))) lines.push('Content-Type: application/json')
    }
    return `${[...lines, ...headers].join('\r\n')}\r\n\r\n${body ?? ''}`
  }
  const reached = async () => {
    const barrier = await rawRequest(tcp, request('GET', BARRIER))
    expect(barrier.answer.status, 'the barrier behind an attack').toBeGreaterThan(0)
    return engine.requests.filter(({ target }) => target !== BARRIER && !(hasOwners && UPKEEP.test(target)))
  }
  const recordLines = () => readFileSync(file('records.jsonl'), 'utf8').split('\n').filter(Boolean)
  return {
    engine,
    configuration: file('dockgate.yaml'),
    tcp,
    tls: { ...endpoint('secure'), tls: { ca: authority.certificate } },
    tight: endpoint('tight'),
    few: endpoint('few'),
    authorization,
    token,
    revoke: (entry) =>
      appendFileSync(file('revoked.jsonl'), `${JSON.stringify({ ...entry, at: new Date().toISOString() })}\n`),
    revocationFile: file('revoked.jsonl'),
    request,
    send: async (method, target, wish) =>
      (await rawRequest(tcp, request(method, target, wish), { bodiless: method === 'HEAD' })).answer,
    reached,
    reachedLines: async () => (await reached()).map(({ method, target }) => `${method} ${target}`),
    nothingReached: async () => {
      expect((await reached()).map(({ method, target }) => `${method} ${target}`)).toEqual([])
      expect(engine.connections.map(({ malformed }) => malformed).filter(Boolean)).toEqual([])
    },
    record: (id) =>
      vi.waitFor(() => {
        const line = recordLines().find((text) => text.includes(`"${id}"`))
        if (line === undefined) throw new Error(`no record ${id}`)
        return JSON.parse(line) as Record<string, unknown>
      }),
    recordLines,
    open: (where = tcp) => openRaw(where),
    close: async () => {
      await gate.close()
      expectRecordFile(file('records.jsonl'))
      await engine.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The id of the record that a refusal names. */
export function recordId(answer: RawAnswer): string {
  const { message } = answer.json() as { message: string }
  const id = /\(record ([0-9a-z]+)\)$/.exec(message)?.[1]
  if (id === undefined) throw new Error(`no record id in ${JSON.stringify(message)}`)
  return id
}

/** Expects the answer of the gate itself for one of these reasons: status, exact media type, a message with a record id. */
export function expectRefusal(answer: RawAnswer, ...reasons: readonly ReasonCode[]): void {
  const statuses = reasons.map((reason) => REASONS[reason].status)
  expect(statuses, `${answer.statusLine}: ${answer.text()}`).toContain(answer.status)
  expect(answer.header('Content-Type')).toBe('application/json')
  expect(Object.keys(answer.json() as object)).toEqual(['message'])
  expect(recordId(answer)).toMatch(/^[0-9a-z]{8,}$/)
}

const configuration = (socket: string, roles: Readonly<Record<string, string>>) => `
listeners:
  - { name: plain, address: '127.0.0.1:0' }
  - { name: secure, address: '127.0.0.1:0', tls: { certificate: server.crt, key: server.key } }
  - name: tight
    address: 127.0.0.1:0
    limits: { headerBytes: 8KiB, headerCount: 10, targetBytes: 1KiB, headersTimeout: 300ms, bodyTimeout: 300ms }
  - { name: few, address: '127.0.0.1:0', limits: { connections: 2 } }
engine: unix://${socket}
issuers:
  local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem, clockTolerance: 0s } }
roles:
${roleLines(roles).roles}bindings:
${roleLines(roles).bindings}records: { file: records.jsonl }
revocations: { file: revoked.jsonl }
${roleLines(roles).ledger}`
