import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type tls from 'node:tls'
import { expect } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { startGate } from '../../src/gate/start.ts'
import type { ReasonCode } from '../../src/reasons.ts'
import { AUDIENCE, createSigner, ISSUER, type Signer } from '../identity/fixture.ts'
import { type CertificateWish, type MadeCertificate, makeTestCertificate } from '../support/certificates.ts'
import { type Endpoint, type RawAnswer, rawRequest } from '../support/raw-client.ts'
import { type RecordingEngine, startRecordingEngine } from '../support/recording-engine.ts'
import { expectRefusal } from './scene.ts'

export const OTHER = 'https://other.example'
/** The `iss` of an issuer whose tokens must be bound to a certificate; signed as those of `one`. */
export const BOUND = 'https://bound.example'

/** A gate with several issuers of tokens and certificates, in front of a recording engine. */
export interface IdentityScene {
  readonly engine: RecordingEngine
  /** Keys of issuer `one` (`rsa`, `ec`), of `two` (`other`) and of the one whose keys are fetched (`remote`). */
  readonly rsa: Signer
  readonly ec: Signer
  readonly other: Signer
  readonly remote: Signer
  /** Authorities of clients, one with the name of the first that nobody trusts, and the server's. */
  readonly staff: MadeCertificate
  readonly guests: MadeCertificate
  readonly stranger: MadeCertificate
  readonly serverCa: MadeCertificate
  /** What the server of the remote issuers' keys was asked for. */
  readonly fetched: string[]
  readonly keysPort: number
  issue(by: MadeCertificate, name: string, wish?: Partial<CertificateWish>): MadeCertificate
  /** `plain`; `proxied` is plain too and takes tokens in X-Dockgate-Token; `secure` takes a client certificate, `strict` wants one. */
  endpoint(
    name: 'plain' | 'proxied' | 'secure' | 'strict',
    client?: MadeCertificate,
    more?: tls.ConnectionOptions,
  ): Endpoint
  /** Asks with these header lines, over TLS when there is a certificate. */
  ask(headers: readonly string[], client?: MadeCertificate, method?: string, target?: string): Promise<RawAnswer>
  reached(): string[]
  /** Expects the refusal, a challenge with a 401, and an engine that saw nothing. */
  refused(answer: RawAnswer, ...reasons: readonly ReasonCode[]): void
  /** Sends a token that must be refused, and of which the answer must not hold a part. */
  refusedToken(token: string, ...reasons: readonly ReasonCode[]): Promise<void>
  close(): Promise<void>
}

/** The bytes of a request without a body. */
export function requestOf(headers: readonly string[], method = 'GET', target = '/info'): string {
  return `${[`${method} ${target} HTTP/1.1`, 'Host: docker', ...headers].join('\r\n')}\r\n\r\n`
}

export const bearer = (token: string) => `Authorization: Bearer ${token}`

const authority = (name: string) => makeTestCertificate({ subject: [{ CN: name }], ca: true })
const issue: IdentityScene['issue'] = (by, name, wish = {}) =>
  makeTestCertificate({ subject: [{ CN: name }], issuer: by, ...wish })

/** Starts the scene; `close` ends it and removes its files. */
export async function startIdentityScene(): Promise<IdentityScene> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dockgate-attack-'))
  const write = (name: string, content: string) => writeFileSync(path.join(folder, name), content, { mode: 0o600 })
  const engine = await startRecordingEngine()
  const [rsa, ec, other, remote] = await Promise.all([
    createSigner('RS256', 'rsa'),
    createSigner('ES256', 'ec'),
    createSigner('ES256', 'ec'),
    createSigner('ES256', 'remote'),
  ])
  const authorities = {
    staff: authority('staff CA'),
    guests: authority('guests CA'),
    stranger: authority('staff CA'),
    serverCa: authority('server CA'),
  }
  const { staff, guests, serverCa } = authorities
  const keys = await serveKeys(remote)
  const server = issue(serverCa, 'localhost', { dns: ['localhost'], usages: ['1.3.6.1.5.5.7.3.1'] })
  write('one.json', JSON.stringify({ keys: [rsa.jwk, ec.jwk] }))
  write('two.json', JSON.stringify({ keys: [other.jwk] }))
  write('staff.crt', staff.certificate)
  write('guests.crt', guests.certificate)
  write('clients.crt', staff.certificate + guests.certificate)
  write('server.crt', server.certificate)
  write('server.key', server.key)
  write('dockgate.yaml', configuration(engine.socketPath, keys.port))
  const gate = await startGate(loadConfig(path.join(folder, 'dockgate.yaml')))
  await engine.waitForRequest(1)
  engine.reset()

  const endpoint: IdentityScene['endpoint'] = (name, client, more = {}) => {
    const url = new URL((gate.listeners.find((one) => one.name === name)?.url ?? '').replace('tcp:', 'http:'))
    const place = { host: url.hostname, port: Number(url.port) }
    if (name === 'plain' || name === 'proxied') return place
    const pair = client ? { cert: client.certificate, key: client.key } : {}
    return { ...place, tls: { ca: serverCa.certificate, servername: 'localhost', ...pair, ...more } }
  }
  const ask: IdentityScene['ask'] = async (headers, client, method, target) =>
    (await rawRequest(endpoint(client ? 'secure' : 'plain', client), requestOf(headers, method, target))).answer
  const reached = () => engine.requests.map(({ method, target }) => `${method} ${target}`)
  const refused: IdentityScene['refused'] = (answer, ...reasons) => {
    expectRefusal(answer, ...reasons)
    if (answer.status === 401) expect(answer.header('WWW-Authenticate')).toMatch(/^Bearer /)
    expect(reached()).toEqual([])
  }
  return {
    engine,
    rsa,
    ec,
    other,
    remote,
    ...authorities,
    fetched: keys.fetched,
    keysPort: keys.port,
    issue,
    endpoint,
    ask,
    reached,
    refused,
    refusedToken: async (token, ...reasons) => {
      const answer = await ask([bearer(token)])
      refused(answer, ...reasons)
      for (const part of token.split('.').filter(({ length }) => length > 8)) expect(answer.text()).not.toContain(part)
    },
    close: async () => {
      await gate.close()
      await engine.close()
      keys.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A server of keys that answers well at `/keys`, and otherwise as attackers and broken issuers do. */
async function serveKeys(signer: Signer) {
  const fetched: string[] = []
  const server = createServer((request, response) => {
    const url = request.url ?? ''
    fetched.push(url)
    if (url === '/moved') response.writeHead(302, { Location: '/keys' }).end()
    else if (url === '/huge') response.end(JSON.stringify({ keys: [signer.jwk], padding: 'x'.repeat(2_000_000) }))
    else if (url === '/broken') response.end('{"keys":')
    else response.end(JSON.stringify({ keys: [signer.jwk] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { fetched, port: (server.address() as AddressInfo).port, close: () => server.close() }
}

const jwt = (name: string, settings: string) => `  ${name}: { jwt: { audience: ${AUDIENCE}, ${settings} } }`

const configuration = (socket: string, port: number) => `
listeners:
  - { name: plain, address: '127.0.0.1:0' }
  - { name: proxied, address: '127.0.0.1:0', tokenHeader: X-Dockgate-Token }
  - name: secure
    address: 127.0.0.1:0
    tls: { certificate: server.crt, key: server.key, clientAuthorities: clients.crt, clientCertificates: optional }
  - name: strict
    address: 127.0.0.1:0
    tls: { certificate: server.crt, key: server.key, clientAuthorities: clients.crt, clientCertificates: required }
engine: unix://${socket}
issuers:
${jwt('one', `issuer: '${ISSUER}', jwksFile: one.json`)}
${jwt('two', `issuer: '${OTHER}', jwksFile: two.json`)}
${jwt('bound', `issuer: '${BOUND}', jwksFile: one.json, confirmation: required`)}
${jwt('remote', `issuer: 'https://remote.example', jwksUri: 'http://127.0.0.1:${port}/keys'`)}
${jwt('moved', `issuer: 'https://moved.example', jwksUri: 'http://127.0.0.1:${port}/moved'`)}
${jwt('huge', `issuer: 'https://huge.example', jwksUri: 'http://127.0.0.1:${port}/huge'`)}
${jwt('broken', `issuer: 'https://broken.example', jwksUri: 'http://127.0.0.1:${port}/broken'`)}
${jwt('away', `issuer: 'https://away.example', jwksUri: 'http://127.0.0.1:1/keys'`)}
  staff: { certificate: { authorities: staff.crt } }
  guests: { certificate: { authorities: guests.crt } }
roles:
  operator: { extends: admin }
  reader: { allow: [read] }
bindings:
  - { role: operator, issuer: one, when: 'claims.sub == "root"' }
  - { role: reader, issuer: one }
  - { role: reader, issuer: two, when: 'claims.sub in ["ci", "root"]' }
  - { role: operator, issuer: two, when: 'claims.level + "x" == "1x"' }
  - role: reader
    issuer: two
    when: >-
      subject == "near" && request.listener == "proxied" && request.address.inNetwork("127.0.0.0/8") &&
      request.operation == "SystemInfo"
  - { role: reader, issuer: bound }
  - { role: reader, issuer: remote }
  - { role: operator, issuer: staff, when: 'cert.commonName == "ops"' }
  - { role: reader, issuer: guests }
records: { file: records.jsonl }
`
