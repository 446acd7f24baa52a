import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { loadConfig } from '../../src/config/load.ts'
import { type RunningGate, startGate } from '../../src/gate/start.ts'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { createRoute, type Route, temporaryDirectory } from '../support/docker-client.ts'
import { type Engine, type EngineName, startEngine } from '../support/engines.ts'
import { expectRecordFile } from '../support/record-lines.ts'

/** A real engine with several owners in front of one gate. */
export interface Owners {
  readonly engine: Engine
  /** Somebody whose binding gives this owner key. `role`: one of ROLES, or of what the scene was started with. */
  as(key: string, role?: string): Promise<Party>
  /** Sees everybody's. */
  operator(): Promise<Party>
  /** Past the gate, on the engine's own socket. */
  readonly direct: Party
  records(): readonly Record<string, unknown>[]
  readonly configuration: string
  /** The file. */
  readonly ledger: string
  /** Ends the gate and starts it anew, with the same ledger. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** One who calls. */
export interface Party {
  /** For the docker client. */
  readonly route: Route
  call(method: string, target: string, body?: object | Buffer | string): Promise<Answer>
}

export interface Answer {
  readonly status: number
  /** Names and values, a header a line. */
  readonly headers: string
  readonly body: Buffer
  /** Undefined: no JSON. */
  readonly json: unknown
}

const EVERYTHING =
  'read, read-sensitive, create, lifecycle, delete, exec, transfer, build, ContainerPrune, VolumePrune, NetworkPrune, ImagePrune'
const SHARED = 'images: { shared: ["docker.io/library/busybox:test"] }'

const ROLES: Readonly<Record<string, string>> = {
  own: `{ extends: admin, allow: [${EVERYTHING}], objects: own, ${SHARED} }`,
  apart: `{ extends: admin, allow: [${EVERYTHING}], objects: { own: prefixed }, ${SHARED} }`,
}

/** Starts an engine and a gate; `close` ends both and removes their files. `more` are roles beside ROLES, as YAML. */
export async function startOwners(name: EngineName, more: Readonly<Record<string, string>> = {}): Promise<Owners> {
  const engine = await startEngine(name)
  const folder = temporaryDirectory('owners')
  const file = (base: string) => path.join(folder.path, base)
  const key = createTokenKey()
  writeFileSync(file('token.pem'), publicTokenKey(key), { mode: 0o600 })
  const configuration = file('dockgate.yaml')
  writeFileSync(configuration, configurationOf(engine.socket, { ...ROLES, ...more }))
  let gate: RunningGate
  try {
    gate = await startGate(loadConfig(configuration))
  } catch (error) {
    await engine.stop()
    folder.remove()
    throw error
  }
  let parties = 0
  const party = async (claims: Readonly<Record<string, string>>): Promise<Party> => {
    const { token } = await signToken(key, {
      subject: `${claims.owner ?? 'operator'}@test`,
      claims,
      lifetime: 3_600_000,
    })
    const host = gate.listeners[0]?.url ?? ''
    const route = createRoute({ name: claims.owner ?? 'operator', directory: file(`client-${++parties}`), host, token })
    return { route, call: (...asked) => call({ url: host, token }, ...asked) }
  }
  return {
    engine,
    configuration,
    ledger: file('ledger.db'),
    as: (owner, role = 'own') => party({ role, owner }),
    operator: () => party({ role: 'operator' }),
    direct: {
      route: createRoute({ name: 'direct', directory: file('direct'), host: `unix://${engine.socket}` }),
      call: (...asked) => call({ socketPath: engine.socket }, ...asked),
    },
    records: () =>
      readFileSync(file('records.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async restart() {
      await gate.close()
      gate = await startGate(loadConfig(configuration))
    },
    async close() {
      await gate.close()
      expectRecordFile(file('records.jsonl'))
      await engine.stop()
      folder.remove()
    },
  }
}

type Where = { readonly socketPath: string } | { readonly url: string; readonly token: string }

function call(where: Where, method: string, target: string, body?: object | Buffer | string): Promise<Answer> {
  const raw = typeof body === 'string' || Buffer.isBuffer(body)
  const content = body === undefined || raw ? body : JSON.stringify(body)
  const headers: Record<string, string> = {}
  if ('token' in where) headers.Authorization = `Bearer ${where.token}`
  if (content !== undefined) headers['Content-Type'] = raw ? 'application/x-tar' : 'application/json'
  const to =
    'socketPath' in where
      ? { socketPath: where.socketPath }
      : { host: '127.0.0.1', port: Number(new URL(where.url.replace('tcp:', 'http:')).port) }
  return new Promise((resolve, reject) => {
    const request = http.request({ ...to, method, path: target, headers, agent: false }, (response) => {
      buffer(response).then(
        (bytes) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: lines(response.rawHeaders),
            body: bytes,
            json: parsed(bytes),
          }),
        reject,
      )
    })
    request.on('error', reject)
    request.end(content)
  })
}

function lines(rawHeaders: readonly string[]): string {
  return rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\n`)).join('')
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

/** The configuration of a gate in front of the engine at `socket`, whose files are beside it. */
export const configurationOf = (socket: string, roles: Readonly<Record<string, string>> = ROLES) => `
listeners:
  - { name: plain, address: '127.0.0.1:0' }
engine: unix://${socket}
issuers:
  local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem, clockTolerance: 0s } }
roles:
  operator: { extends: admin }
${Object.entries(roles)
  .map(([name, role]) => `  ${name}: ${role}\n`)
  .join('')}bindings:
  - { role: operator, issuer: local, when: 'claims.role == "operator"' }
${Object.keys(roles)
  .map((name) => `  - { role: ${name}, issuer: local, when: 'claims.role == "${name}"', owner: "\${claims.owner}" }\n`)
  .join('')}records: { file: records.jsonl }
ledger: { file: ledger.db }
`
