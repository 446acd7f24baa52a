import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { startGate } from '../../src/gate/start.ts'
import { createAuthority, type Issued } from '../../src/pki/authority.ts'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { createRoute, type Route, temporaryDirectory } from './docker-client.ts'
import { expectRecordFile } from './record-lines.ts'
import { roleLines } from './role-lines.ts'

export interface TestGate {
  /** `tcp://127.0.0.1:…` without TLS, `tcp://127.0.0.1:…` with TLS and optional client certificates, `unix:///…`. */
  readonly urls: { readonly tcp: string; readonly tls: string; readonly unix: string }
  /** PEM: the authority of the server's and the clients' certificates. */
  readonly authority: string
  /** A client certificate for this common name. `operator` gets the role of that name, any other `observer`. */
  certificate(name: string): Issued
  /** A token of an hour, or so many milliseconds; its claim `role` (`operator` unless told) names the role. */
  token(claims?: Readonly<Record<string, string>>, lifetime?: number): Promise<string>
  /** How stock clients come in with a token of this role. */
  routeOf(role: string, listener?: 'tcp' | 'tls' | 'unix'): Promise<Route>
  /** How stock clients come in as operator. */
  readonly routes: { readonly 'tcp+token': Route; readonly 'tls+token': Route; readonly mtls: Route }
  /** The records written so far. */
  records(): readonly Record<string, unknown>[]
  close(): Promise<void>
}

/**
 * Starts a gate in this process in front of the engine at `socket`: three listeners on free ports, tokens of a local
 * key and client certificates of a local authority, the roles `operator` (everything), `observer` (read), and `more` as
 * YAML: `{ extends: ci-run }`, for tokens whose claim names them.
 * Its files are in a temporary folder that `close` removes.
 */
export async function startTestGate(socket: string, more: Readonly<Record<string, string>> = {}): Promise<TestGate> {
  const folder = temporaryDirectory('gate')
  const file = (name: string, content: string) => {
    writeFileSync(path.join(folder.path, name), content, { mode: 0o600 })
    return content
  }
  const authority = createAuthority()
  const server = authority.issueServer({ names: ['127.0.0.1', 'localhost'] })
  const tokenKey = createTokenKey()
  file('ca.crt', authority.certificate)
  file('server.crt', server.certificate)
  file('server.key', server.key)
  file('token.pem', publicTokenKey(tokenKey))
  file('dockgate.yaml', configuration(socket, folder.path, more))

  const gate = await startGate(loadConfig(path.join(folder.path, 'dockgate.yaml')))
  const url = (name: string) => {
    const listener = gate.listeners.find((one) => one.name === name)
    if (!listener) throw new Error(`the gate has no listener ${name}`)
    return listener.url
  }
  const urls = { tcp: url('plain'), tls: url('secure'), unix: url('local') }
  const token = async (claims: Readonly<Record<string, string>> = {}, lifetime = 3_600_000) => {
    const request = { subject: 'tester', claims: { role: 'operator', ...claims }, lifetime }
    return (await signToken(tokenKey, request)).token
  }
  const operator = await token()
  const certificate = (name: string) => authority.issueClient({ name })
  const route = (name: string, options: Omit<Parameters<typeof createRoute>[0], 'name' | 'directory'>) =>
    createRoute({ name, directory: path.join(folder.path, name), ...options })

  return {
    urls,
    authority: authority.certificate,
    certificate,
    token,
    routeOf: async (role, listener = 'tls') =>
      route(`${role} over ${listener}`, {
        host: urls[listener],
        token: await token({ role }),
        ...(listener === 'tls' ? { authority: authority.certificate } : {}),
      }),
    routes: {
      'tcp+token': route('tcp+token', { host: urls.tcp, token: operator }),
      'tls+token': route('tls+token', { host: urls.tls, token: operator, authority: authority.certificate }),
      mtls: route('mtls', { host: urls.tls, authority: authority.certificate, certificate: certificate('operator') }),
    },
    records: () =>
      readFileSync(path.join(folder.path, 'records.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async close() {
      await gate.close()
      expectRecordFile(path.join(folder.path, 'records.jsonl'))
      folder.remove()
    },
  }
}

const configuration = (socket: string, folder: string, more: Readonly<Record<string, string>>) => `
listeners:
  - { name: plain, address: '127.0.0.1:0' }
  - name: secure
    address: 127.0.0.1:0
    tls: { certificate: server.crt, key: server.key, clientAuthorities: ca.crt, clientCertificates: optional }
  - { name: local, address: 'unix://${folder}/gate.sock' }
engine: unix://${socket}
issuers:
  local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem, clockTolerance: 0s } }
  staff: { certificate: { authorities: ca.crt } }
roles:
  operator: { extends: admin }
  observer: { allow: [read] }
${roleLines(more).roles}bindings:
${roleLines(more).bindings}  - { role: operator, issuer: local, when: 'claims.role == "operator"' }
  - { role: observer, issuer: local }
  - { role: operator, issuer: staff, when: 'cert.commonName == "operator"' }
  - { role: observer, issuer: staff }
records: { file: records.jsonl }
${roleLines(more).ledger}`
