import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startAdmin } from '../../src/admin/start.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type MadeCertificate, makeTestCertificate } from '../support/certificates.ts'
import { json } from '../support/engine-answers.ts'
import { openRaw, type RawAnswer, rawRequest } from '../support/raw-client.ts'
import { type AdminScene, startAdminScene } from './scene.ts'

let scene: AdminScene
afterEach(() => scene.close())

const ca = makeTestCertificate({ subject: [{ CN: 'ca' }], ca: true })
const strangers = makeTestCertificate({ subject: [{ CN: 'ca' }], ca: true })
const serverOf = (name: string) =>
  makeTestCertificate({ subject: [{ CN: name }], issuer: ca, dns: ['localhost'], usages: ['1.3.6.1.5.5.7.3.1'] })
const server = serverOf('first')
const client = (name: string, issuer: MadeCertificate = ca) => makeTestCertificate({ subject: [{ CN: name }], issuer })

const TOKENS_ONLY = `  listener:
    address: 127.0.0.1:0
    allow:
      - { issuer: local, when: 'subject == "prometheus"', pages: [metrics, ready] }
      - { issuer: local, when: 'subject == "ops"', pages: [sessions, end-sessions] }
      - { issuer: local, when: 'claims.team == "audit"', pages: [refusals, policy] }
      - { issuer: local, when: 'request.operation == "ready" && request.listener == "admin.listener"', pages: [ready, policy] }`

const MUTUAL = `  listener:
    address: 127.0.0.1:0
    tls: { certificate: server.crt, key: server.key, clientAuthorities: ca.crt }
    allow:
      - { issuer: staff, when: 'cert.commonName == "prometheus"', pages: [metrics] }`
const STAFF = '  staff: { certificate: { authorities: ca.crt } }'
const files = (write: AdminScene['write']) => {
  write('ca.crt', ca.certificate)
  write('server.crt', server.certificate)
  write('server.key', server.key)
}

const endpoint = () => {
  const { hostname, port } = new URL(scene.admin.listenerUrl ?? '')
  return { host: hostname, port: Number(port) }
}

async function ask(method: string, target: string, token?: string): Promise<RawAnswer> {
  const proof = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`
  return (await rawRequest(endpoint(), `${method} ${target} HTTP/1.1\r\nHost: dockgate\r\n${proof}\r\n`)).answer
}

async function askWith(certificate: MadeCertificate | null, target: string): Promise<RawAnswer> {
  const shown = certificate ? { cert: certificate.certificate, key: certificate.key } : {}
  const tls = { rejectUnauthorized: false, ...shown }
  return (await rawRequest({ ...endpoint(), tls }, `GET ${target} HTTP/1.1\r\nHost: dockgate\r\n\r\n`)).answer
}

const adminRecords = (count: number) =>
  vi.waitFor(async () => {
    const found = (await scene.records(count)).filter(({ event }) => event === 'admin')
    expect(found).toHaveLength(count)
    return found
  })

describe('the admin listener, by token', () => {
  it('shows nothing but /healthz to whoever brings no proof, and leaves a record of each', async () => {
    scene = await startAdminScene({ admin: TOKENS_ONLY })
    expect((await ask('GET', '/healthz')).text()).toBe('ok\n')
    for (const target of ['/metrics', '/readyz', '/policy', '/sessions', '/refusals', '/nothing', '/healthz?x']) {
      const answer = await ask('GET', target)
      expect([target, answer.status, answer.header('www-authenticate')]).toEqual([
        target,
        401,
        'Bearer realm="dockgate"',
      ])
      expect(answer.json()).toEqual({ message: expect.stringContaining('no credentials') })
    }
    expect((await ask('DELETE', '/sessions/0123456789abcdef')).status).toBe(401)
    const records = await adminRecords(8)
    expect((await ask('GET', '/policy')).json()).toEqual({
      message: expect.stringContaining(`(record ${(await adminRecords(9)).at(-1)?.id})`),
    })
    expect(await scene.metric('dockgate_admin_requests_total{page="policy",decision="deny"}')).toBe(2)
    expect(await scene.metric('dockgate_admin_requests_total{page="unrecognised",decision="deny"}')).toBe(2)
    expect(await scene.metric('dockgate_admin_requests_total{page="policy",decision="allow"}')).toBe(0)
    expect(records[0]).toMatchObject({
      event: 'admin',
      listener: 'admin.listener',
      remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      principal: null,
      page: 'metrics',
      decision: 'deny',
      reason: 'credentials-missing',
      status: 401,
    })
    expect(records[7]).toMatchObject({ page: 'end-sessions', session: '0123456789abcdef' })
  })

  it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['prometheus', {}, ['/metrics', '/readyz']],
    ['ops', {}, ['/readyz', '/sessions']],
    ['auditor', { team: 'audit' }, ['/policy', '/readyz', '/refusals']],
    ['nobody', {}, ['/readyz']],
  ])('shows %s the pages that an entry gives, and no other', async (subject, claims, pages) => {
    scene = await startAdminScene({ admin: TOKENS_ONLY })
    const token = await scene.token(subject, claims)
    const shown: string[] = []
    for (const target of ['/metrics', '/policy', '/readyz', '/refusals', '/sessions']) {
      const { status, ...answer } = await ask('GET', target, token)
      if (status === 200) shown.push(target)
      else expect([status, answer.json()]).toEqual([403, { message: expect.stringContaining('admin.listener.allow') }])
    }
    expect(shown).toEqual(pages)
  })

  it('lets a session be ended only by whom "end-sessions" is given to, and records who did', async () => {
    scene = await startAdminScene({ admin: TOKENS_ONLY })
    scene.engine.answer(async (request, connection) => {
      await request.whole
      await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n')
    })
    const stream = await openRaw({ path: path.join(scene.folder, 'gate.sock') })
    await stream.write(await scene.request('GET', '/events'))
    const id = await vi.waitFor(async () => {
      const [session] = await scene.sessions()
      expect(session).toBeDefined()
      return session?.id
    })
    expect((await ask('DELETE', `/sessions/${id}`, await scene.token('prometheus'))).status).toBe(403)
    expect(await scene.sessions()).toHaveLength(1)
    expect((await ask('DELETE', `/sessions/${id}`, await scene.token('ops'))).json()).toEqual({ ended: id })
    await stream.ended()
    stream.destroy()
    const [refused, ended] = await vi.waitFor(async () => {
      const found = (await scene.records(3)).filter(({ event }) => event === 'admin')
      expect(found).toHaveLength(2)
      return found
    })
    expect(refused).toMatchObject({
      principal: { issuer: 'local', subject: 'prometheus' },
      decision: 'deny',
      reason: 'admin-not-allowed',
    })
    expect(ended).toMatchObject({
      principal: { issuer: 'local', subject: 'ops' },
      page: 'end-sessions',
      session: id,
      decision: 'allow',
    })
  })

  it('refuses whoever is revoked, from that moment', async () => {
    scene = await startAdminScene(
      { admin: TOKENS_ONLY, records: 'records.jsonl }\nrevocations: { file: revoked.jsonl' },
      (write) => write('revoked.jsonl', ''),
    )
    const token = await scene.token('prometheus')
    expect((await ask('GET', '/metrics', token)).status).toBe(200)
    scene.write(
      'revoked.jsonl',
      `${JSON.stringify({ at: new Date().toISOString(), issuer: 'local', subject: 'prometheus' })}\n`,
    )
    await vi.waitFor(async () => expect((await ask('GET', '/metrics', token)).status).toBe(401), { timeout: 5_000 })
    const records = await scene.records(1)
    expect(records.at(-1)).toMatchObject({
      event: 'admin',
      reason: 'identity-revoked',
      principal: { subject: 'prometheus' },
    })
  })

  it('is no way to the engine, whatever is sent there', async () => {
    scene = await startAdminScene({ admin: TOKENS_ONLY })
    await scene.engine.waitForRequest(1)
    scene.engine.reset()
    scene.engine.answer(json(200, {}))
    const token = await scene.token('ops')
    expect((await ask('GET', '/containers/json', token)).status).toBe(404)
    const proof = `Host: x\r\nAuthorization: Bearer ${token}\r\n`
    const upgrade = `POST /exec/abc/start HTTP/1.1\r\n${proof}Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}`
    expect((await rawRequest(endpoint(), upgrade)).answer.status).toBe(404)
    const twice = `GET /sessions HTTP/1.1\r\nHost: x\r\n${proof}\r\n`
    expect((await rawRequest(endpoint(), twice)).answer.status).toBe(400)
    expect(await adminRecords(1)).toMatchObject([{ reason: 'header-repeated', principal: null }])
    expect(scene.engine.requests).toEqual([])
  })

  it('gives and takes pages by a reload, while it stays where it is', async () => {
    scene = await startAdminScene({ admin: TOKENS_ONLY })
    const token = await scene.token('prometheus')
    const file = path.join(scene.folder, 'dockgate.yaml')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, before.replace('pages: [metrics, ready]', 'pages: [ready]'))
    expect((await scene.gate.reload(loadConfig(file))).notes).toEqual([])
    expect((await ask('GET', '/metrics', token)).status).toBe(403)
    writeFileSync(file, before.replace('127.0.0.1:0', '127.0.0.1:1'))
    const { notes } = await scene.gate.reload(loadConfig(file))
    expect(notes).toEqual(['admin.listener stays 127.0.0.1:0: another one takes a restart'])
    expect((await ask('GET', '/metrics', token)).status).toBe(200)
    writeFileSync(file, before.slice(0, before.indexOf('  listener:')))
    await scene.gate.reload(loadConfig(file))
    expect((await ask('GET', '/metrics', token)).status).toBe(403)
    expect((await ask('GET', '/healthz')).status).toBe(200)
  })

  it('is not started where its address is taken, and leaves nothing of the admin room behind', async () => {
    scene = await startAdminScene({ admin: TOKENS_ONLY })
    const { port } = endpoint()
    const file = path.join(scene.folder, 'second.yaml')
    copyFileSync(path.join(scene.folder, 'dockgate.yaml'), file)
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('127.0.0.1:0', `127.0.0.1:${port}`).replace('admin.sock', 'second.sock'),
    )
    const { admin } = loadConfig(file).config
    if (admin === undefined) throw new Error('no admin')
    const started = () => startAdmin(admin, scene.gate.inside)
    await expect(started()).rejects.toThrow(/^admin\.listener: .*taken by another process/)
    // The socket of the first try would be in the way.
    await expect(started()).rejects.toThrow(/^admin\.listener: /)
  })
})

describe('the admin listener, by certificate', () => {
  it('is closed at once, whoever has begun a handshake and left it there', async () => {
    scene = await startAdminScene({ admin: MUTUAL, issuers: STAFF }, files)
    const accepted = await openRaw(endpoint())
    await scene.admin.close()
    await accepted.ended()
    accepted.destroy()
    await expect(openRaw(endpoint())).rejects.toThrow('ECONNREFUSED')
  })

  it('shows the holder of a certificate what an entry gives, and refuses every other', async () => {
    scene = await startAdminScene({ admin: MUTUAL, issuers: STAFF }, files)
    expect((await askWith(client('prometheus'), '/metrics')).text()).toContain('dockgate_ready 1')
    expect((await askWith(client('prometheus'), '/sessions')).status).toBe(403)
    expect((await askWith(client('alice'), '/metrics')).status).toBe(403)
    expect((await askWith(null, '/metrics')).status).toBe(401)
    expect((await askWith(client('prometheus', strangers), '/metrics')).status).toBe(401)
    const records = await adminRecords(4)
    expect(records.map(({ reason }) => reason)).toEqual([
      'admin-not-allowed',
      'admin-not-allowed',
      'credentials-missing',
      'certificate-untrusted',
    ])
    expect(records[0]).toMatchObject({
      principal: { issuer: 'staff', certificate: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
  })

  it('shows new TLS files as soon as they are there, and tells when its certificate ends', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      scene = await startAdminScene({ admin: MUTUAL, issuers: STAFF }, files)
      const shown = async () => {
        const connection = await openRaw({ ...endpoint(), tls: { rejectUnauthorized: false } })
        const { subject } = (connection.socket as import('node:tls').TLSSocket).getPeerCertificate()
        connection.destroy()
        return subject.CN
      }
      expect(await shown()).toBe('first')
      const { certificate, key } = serverOf('second')
      scene.write('server.key', key)
      scene.write('server.crt', certificate)
      await vi.waitFor(async () => expect(await shown()).toBe('second'), { timeout: 10_000 })
      expect(said.mock.calls.join('')).toContain('listener admin.listener: new TLS files are in use')
    } finally {
      said.mockRestore()
    }
    expect(await scene.check('admin.listener.tls.certificate')).toMatchObject({ ok: true })
  })
})
