import { hash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startAdmin } from '../../src/admin/start.ts'
import { loadConfig } from '../../src/config/load.ts'
import { makeTestCertificate } from '../support/certificates.ts'
import { hijackEcho } from '../support/engine-answers.ts'
import { rawRequest } from '../support/raw-client.ts'
import { type AdminScene, startAdminScene } from './scene.ts'

const DAY = 86_400_000
const EXEC = '/exec/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/start'

let scene: AdminScene
afterEach(() => scene.close())

describe('the admin socket', () => {
  it('answers /healthz while the process serves, to its owner alone', async () => {
    scene = await startAdminScene()
    const answer = await scene.ask('GET', '/healthz')
    expect([answer.status, answer.text()]).toEqual([200, 'ok\n'])
    expect(statSync(scene.socket).mode & 0o777).toBe(0o600)
  })

  it('is gone when it is closed, and takes the place of one that a dead process left', async () => {
    scene = await startAdminScene()
    await scene.admin.close()
    expect(existsSync(scene.socket)).toBe(false)
    const dead = net.createServer().listen(scene.socket)
    await new Promise((resolve) => dead.once('listening', resolve))
    // A close would remove the file: this is what a killed process leaves.
    const left = path.join(scene.folder, 'left.sock')
    renameSync(scene.socket, left)
    await new Promise((resolve) => dead.close(resolve))
    renameSync(left, scene.socket)
    const again = await startAdmin({ socket: scene.socket }, scene.gate.inside)
    expect((await scene.ask('GET', '/healthz')).status).toBe(200)
    await again.close()
  })

  it('is not taken from another process, nor from a file that is no socket', async () => {
    scene = await startAdminScene()
    await expect(startAdmin({ socket: scene.socket }, scene.gate.inside)).rejects.toThrow(
      /^admin\.socket: .*another process is listening there/,
    )
    const file = scene.write('file', 'mine')
    await expect(startAdmin({ socket: file }, scene.gate.inside)).rejects.toThrow('no socket is there')
    expect(readFileSync(file, 'utf8')).toBe('mine')
    await expect(
      startAdmin({ socket: path.join(scene.folder, 'absent', 'a.sock') }, scene.gate.inside),
    ).rejects.toThrow('does not exist')
  })

  it.each([
    ['GET', '/', 404],
    ['GET', '/healthz?a=b', 404],
    ['GET', '/containers/json', 404],
    ['POST', '/healthz', 405],
    ['DELETE', '/sessions', 405],
    ['GET', '/sessions/0123456789abcdef', 405],
    ['DELETE', '/sessions/0123456789abcdef', 404],
    ['DELETE', '/sessions/', 404],
  ])('answers %s %s with %i, and asks the engine nothing', async (method, target, status) => {
    scene = await startAdminScene()
    await scene.engine.waitForRequest(1)
    scene.engine.reset()
    const answer = await scene.ask(method, target)
    expect(answer.status).toBe(status)
    expect(answer.json()).toHaveProperty('message')
    expect(scene.engine.requests).toEqual([])
  })

  it('tells of the configuration that is in force, also after a reload', async () => {
    scene = await startAdminScene()
    const file = path.join(scene.folder, 'dockgate.yaml')
    const more = `  more: { jwt: { issuer: 'https://more.example', audience: x, publicKey: token.pem } }\nroles:`
    writeFileSync(file, readFileSync(file, 'utf8').replace('roles:', more))
    const loaded = loadConfig(file)
    await scene.gate.reload(loaded)
    expect((await scene.ask('GET', '/policy')).json()).toEqual({ generation: 2, file, sha256: loaded.sha256 })
    expect(await scene.check('issuers.more.jwt')).toMatchObject({ ok: true })
  })

  it('stays where it is until a restart, which a reload says', async () => {
    scene = await startAdminScene()
    const file = path.join(scene.folder, 'dockgate.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('admin.sock', 'other.sock'))
    const { notes } = await scene.gate.reload(loadConfig(file))
    expect(notes).toEqual([`admin.socket stays ${scene.socket}: another one takes a restart`])
    expect((await scene.ask('GET', '/healthz')).status).toBe(200)
  })

  it('tells the file of the policy and its SHA-256 as it was read', async () => {
    scene = await startAdminScene()
    const file = path.join(scene.folder, 'dockgate.yaml')
    const sha256 = hash('sha256', readFileSync(file), 'hex')
    writeFileSync(file, 'changed since')
    expect((await scene.ask('GET', '/policy')).json()).toEqual({ generation: 1, file, sha256 })
  })
})

describe('GET /readyz', () => {
  const ca = makeTestCertificate({ subject: [{ CN: 'ca' }], ca: true, notAfter: new Date(Date.now() + 400 * DAY) })
  const server = (days: number) =>
    makeTestCertificate({
      subject: [{ CN: 'localhost' }],
      issuer: ca,
      usages: ['1.3.6.1.5.5.7.3.1'],
      notBefore: new Date(Date.now() - 90 * DAY),
      notAfter: new Date(Date.now() + days * DAY + DAY / 2),
    })
  const secure = `  - name: secure
    address: 127.0.0.1:0
    tls: { certificate: server.crt, key: server.key, clientAuthorities: ca.crt }`
  const files = (write: AdminScene['write']) => {
    const { certificate, key } = server(90)
    write('server.crt', certificate)
    write('server.key', key)
    write('ca.crt', ca.certificate)
  }

  it('is 200 with every check by the key of the configuration that it is about', async () => {
    scene = await startAdminScene(
      { listeners: secure, issuers: '  staff: { certificate: { authorities: ca.crt } }' },
      files,
    )
    const { status, ready, checks } = await scene.ready()
    expect([status, ready]).toEqual([200, true])
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['engine', true],
      ['issuers.local.jwt', true],
      ['listeners[1].tls.certificate', true],
      ['listeners[1].tls.clientAuthorities', true],
      ['issuers.staff.certificate.authorities', true],
      ['records', true],
    ])
    expect(checks[2]).toMatchObject({ days: 90 })
    expect(checks[5]?.detail).toMatch(/records\.jsonl, \d+ MiB free$/)
  })

  it('is 503 when the engine refuses, answers badly, or is gone', async () => {
    scene = await startAdminScene()
    scene.engine.answer(async (request, connection) => {
      await request.whole
      await connection.write('HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n')
    })
    expect(await scene.ready()).toMatchObject({ status: 503, ready: false })
    await scene.engine.close()
    const check = await scene.check('engine')
    expect(check).toMatchObject({ ok: false })
    expect(check.detail).toContain(scene.engine.socketPath)
  })

  it('is 503 within seconds when the engine is silent, and all who wait for it cost one ping', async () => {
    scene = await startAdminScene()
    await scene.engine.waitForRequest(1)
    scene.engine.reset()
    scene.engine.answer(() => {})
    const all = await Promise.all([scene.ready(), scene.ready(), scene.ready()])
    expect(all.map(({ status }) => status)).toEqual([503, 503, 503])
    expect(scene.engine.requests).toHaveLength(1)
  })

  it('says that an issuer which was away at the start has no keys, and its tokens leave records that say so', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      const away = 'https://away.example'
      scene = await startAdminScene({
        issuers: `  away: { jwt: { issuer: '${away}', audience: dockgate, jwksUri: 'http://127.0.0.1:1/keys' } }`,
      })
      await vi.waitFor(() => expect(said.mock.calls.join('')).toContain('issuers.away.jwt: the issuer'))
      expect(await scene.ready()).toMatchObject({ status: 503, ready: false })
      const check = await scene.check('issuers.away.jwt')
      expect(check).toMatchObject({ ok: false, keysAge: null, failingSince: expect.stringMatching(/^20/) })
      expect(check.detail).toContain('its tokens are refused')
      const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const token = `${part({ alg: 'RS256' })}.${part({ iss: away, aud: 'dockgate', sub: 'x', exp: 9e9 })}.${'A'.repeat(342)}`
      const request = `GET /info HTTP/1.1\r\nHost: docker\r\nAuthorization: Bearer ${token}\r\n\r\n`
      const { answer } = await rawRequest({ path: path.join(scene.folder, 'gate.sock') }, request)
      expect(answer.status).toBe(503)
      expect(await scene.records(1)).toMatchObject([{ reason: 'issuer-unavailable', decision: 'deny' }])
    } finally {
      said.mockRestore()
    }
  })

  it('is 503 when a certificate is about to expire, and says when and which', async () => {
    scene = await startAdminScene({ listeners: secure }, files)
    expect((await scene.ready()).ready).toBe(true)
    const { certificate, key } = server(1)
    scene.write('server.key', key)
    scene.write('server.crt', certificate)
    const { status, checks } = await scene.ready()
    expect(status).toBe(503)
    expect(checks.filter(({ ok }) => !ok)).toEqual([
      expect.objectContaining({ name: 'listeners[1].tls.certificate', days: 1 }),
    ])
  })

  it('is 503 when records cannot be written, and says why', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      scene = await startAdminScene({ records: '/dev/full' })
      const connection = await scene.open()
      await connection.write(await scene.request('GET', '/info'))
      await connection.answer()
      connection.destroy()
      const check = await vi.waitFor(async () => {
        const found = await scene.check('records')
        expect(found.ok).toBe(false)
        return found
      })
      expect(check.detail).toContain('ENOSPC')
    } finally {
      said.mockRestore()
    }
  })

  it('is 503 with the word "shutting down" from the moment that the gate closes', async () => {
    scene = await startAdminScene()
    await scene.gate.close()
    expect(await scene.check('gate')).toMatchObject({ ok: false, detail: 'shutting down' })
  })
})

describe('sessions', () => {
  const begin = async () => {
    scene = await startAdminScene()
    await scene.engine.waitForRequest(1)
    scene.engine.reset()
    scene.engine.answer(hijackEcho())
    const connection = await scene.open()
    const body = JSON.stringify({ Detach: false, Tty: true })
    await connection.write(await scene.request('POST', EXEC, ['Connection: Upgrade', 'Upgrade: tcp'], body))
    await connection.answer()
    await connection.write('hello')
    await connection.tunnelled('hello')
    return { connection, body }
  }

  it('are listed with who, what, since when, and the bytes so far', async () => {
    const before = Date.now()
    const { connection, body } = await begin()
    const [session, ...more] = await scene.sessions()
    expect(more).toEqual([])
    expect(session).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{16}$/),
      listener: 'local',
      remote: 'unix',
      principal: { issuer: 'local', subject: 'tester' },
      role: 'operator',
      operation: 'ExecStart',
      object: { kind: 'exec', name: EXEC.split('/')[2] },
      since: expect.any(String),
      bytesIn: body.length + 5,
      bytesOut: 5,
    })
    expect(Date.parse(session?.since ?? '')).toBeGreaterThanOrEqual(before - 1000)
    connection.destroy()
    await vi.waitFor(async () => expect(await scene.sessions()).toEqual([]))
  })

  it('are ended by the id of their record, with a message on the stream and the reason in the record', async () => {
    const { connection } = await begin()
    const [session] = await scene.sessions()
    const answer = await scene.ask('DELETE', `/sessions/${session?.id}`)
    expect([answer.status, answer.json()]).toEqual([200, { ended: session?.id }])
    const said = await connection.tunnelled('session ended')
    expect(said.toString()).toContain(`an operator ended it (record ${session?.id})`)
    await connection.ended()
    connection.end()
    const records = await scene.records(3)
    expect(records.find(({ event }) => event === 'session')).toMatchObject({
      id: session?.id,
      reason: 'session-ended',
      decision: 'allow',
    })
    expect(records.find(({ event }) => event === 'admin')).toMatchObject({
      listener: 'admin.socket',
      remote: 'unix',
      principal: null,
      page: 'end-sessions',
      session: session?.id,
      decision: 'allow',
      status: 200,
    })
    expect((await scene.ask('DELETE', `/sessions/${session?.id}`)).status).toBe(404)
  })
})
