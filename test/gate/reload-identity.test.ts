import { createPublicKey, X509Certificate } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAuthority, type Issued } from '../../src/pki/authority.ts'
import { revoke } from '../../src/pki/register.ts'
import { serialOf } from '../../src/pki/revocation-list.ts'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { openRaw } from '../support/raw-client.ts'
import { LOCAL, request, type Scene, startScene, streaming, UPGRADE } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())

const ATTACH = 'POST /containers/x/attach?stream=1&stdout=1'

describe('issuers of tokens', () => {
  const key = createTokenKey()
  let server: http.Server
  let asked: number
  beforeEach(async () => {
    asked = 0
    server = http.createServer((_, response) => {
      asked += 1
      const jwk = createPublicKey(publicTokenKey(key)).export({ format: 'jwk' })
      response.end(JSON.stringify({ keys: [{ ...jwk, kid: 'one' }] }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => void server.close())

  const remote = (path: string, more = '') => {
    const { port } = server.address() as AddressInfo
    const uri = `http://127.0.0.1:${port}/${path}`
    return `remote: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', jwksUri: '${uri}' ${more} } }`
  }
  const bindings = ['{ role: operator, issuer: remote }']
  const bearer = async () => {
    const { token } = await signToken(key, { subject: 'ann', claims: {}, lifetime: 3_600_000 })
    return `Authorization: Bearer ${token}`
  }
  const info = async () => (await scene.send('GET /info', [await bearer()])).status

  it('keep their keys while they stay as they are: nothing is fetched, whatever changes beside them', async () => {
    scene = await startScene({ issuers: remote('a'), bindings })
    expect(await info()).toBe(200)
    const changed = `${remote('a')}\n  more: { jwt: { issuer: 'https://other.example', audience: x, publicKey: token.pem } }`
    for (const issuers of [remote('a'), changed, changed, remote('a')]) {
      await scene.reload({ issuers, bindings })
      expect(await info()).toBe(200)
    }
    expect(asked).toBe(1)
  })

  it('have their keys fetched when they are others', async () => {
    scene = await startScene({ issuers: remote('a'), bindings })
    expect(await info()).toBe(200)
    await scene.reload({ issuers: remote('b'), bindings })
    expect(await info()).toBe(200)
    expect(asked).toBe(2)
  })

  it('go on fetching nothing after a reload that failed', async () => {
    scene = await startScene({ issuers: remote('a'), bindings })
    expect(await info()).toBe(200)
    const taken = (scene.gate.listeners[0]?.url ?? '').replace('tcp://', '')
    const listeners = ["{ name: plain, address: '127.0.0.1:0' }", `{ name: taken, address: '${taken}' }`]
    await expect(scene.reload({ issuers: remote('a', ', clockTolerance: 1s'), bindings, listeners })).rejects.toThrow()
    expect([await info(), asked]).toEqual([200, 1])
  })

  it('that are gone take no token any more, not one that was verified before either', async () => {
    scene = await startScene()
    const local = await scene.bearer('ann')
    expect((await scene.send('GET /info', [local])).status).toBe(200)
    await scene.reload({ issuers: remote('a').replace(LOCAL_ISSUER, 'https://other.example'), bindings })
    const answer = await scene.send('GET /info', [local])
    expect([answer.status, answer.text()]).toEqual([401, expect.stringContaining('no configured issuer')])
  })

  it('have their key files read again', async () => {
    scene = await startScene()
    const local = await scene.bearer('ann')
    expect((await scene.send('GET /info', [local])).status).toBe(200)
    scene.put('token.pem', publicTokenKey(createTokenKey()))
    await scene.reload()
    expect((await scene.send('GET /info', [local])).status).toBe(401)
  })

  const attach = async () => {
    scene.engine.answer(streaming)
    const session = await scene.open()
    await session.write(request(ATTACH, [await scene.bearer('ann'), ...UPGRADE]))
    await session.tunnelled('hello')
    return session
  }

  it.each([
    ['another key', () => scene.put('token.pem', publicTokenKey(createTokenKey())), LOCAL],
    ['other algorithms', () => {}, LOCAL.replace(' }', ', algorithms: [Ed25519] }')],
    ['another audience', () => {}, LOCAL.replace(`'${LOCAL_AUDIENCE}'`, 'other')],
    ['a certificate for every token', () => {}, LOCAL.replace(' }', ', confirmation: required }')],
    [
      'certificates',
      () => scene.put('ca.crt', createAuthority().certificate),
      'local: { certificate: { authorities: ca.crt } }',
    ],
  ])('end the sessions of their tokens when they want %s', async (_, prepare, issuers) => {
    scene = await startScene()
    const session = await attach()
    prepare()
    await scene.reload({ issuers })
    expect((await session.tunnelled('(record ')).toString()).toContain('issuer "local" no longer proves who asked')
  })

  it.each([
    ['an audience more', LOCAL.replace(`'${LOCAL_AUDIENCE}'`, `[other, '${LOCAL_AUDIENCE}']`)],
    ['another tolerance', LOCAL.replace(' }', ', clockTolerance: 1s }')],
  ])('let the sessions of their tokens go on when they have %s', async (_, issuers) => {
    scene = await startScene()
    const session = await attach()
    expect((await scene.reload({ issuers })).notes).toEqual([])
    expect(session.isEnded).toBe(false)
  })
})

describe('issuers of certificates', () => {
  const authority = createAuthority()
  const server = authority.issueServer({ names: ['localhost'] })
  const LISTENER =
    "{ name: plain, address: '127.0.0.1:0', tls: { certificate: server.crt, key: server.key, clientAuthorities: ca.crt } }"
  const STAFF = 'staff: { certificate: { authorities: ca.crt, crl: crl.pem } }'
  const bindings = ['{ role: operator, issuer: staff }']
  const parts = { listeners: [LISTENER], issuers: STAFF, bindings }
  const revokeNow = (...clients: readonly Issued[]) => {
    const serials = clients.map(({ certificate }) => serialOf(new X509Certificate(certificate)))
    const register = { issued: scene.at('issued.pem'), revoked: scene.at('crl.pem') }
    revoke(register, authority, { serials, reason: 'keyCompromise', now: new Date() })
  }
  const start = async () => {
    scene = await startScene({ ...parts, issuers: STAFF.replace(', crl: crl.pem', '') }, (put) => {
      put('ca.crt', authority.certificate)
      put('server.crt', server.certificate)
      put('server.key', server.key)
    })
    revokeNow()
    await scene.reload(parts)
  }
  const open = async (client: Issued) =>
    openRaw({
      ...(scene.endpoint() as { host: string; port: number }),
      tls: { ca: authority.certificate, servername: 'localhost', cert: client.certificate, key: client.key },
    })
  const attach = async (client: Issued) => {
    scene.engine.answer(streaming)
    const session = await open(client)
    await session.write(request(ATTACH, UPGRADE))
    await session.tunnelled('hello')
    return session
  }

  it('still end the sessions of who is revoked, begun before a reload, and of nobody else', async () => {
    await start()
    const [bad, good] = [authority.issueClient({ name: 'bad' }), authority.issueClient({ name: 'good' })]
    const sessions = [await attach(bad), await attach(good)]
    await scene.reload({ ...parts, issuers: `${STAFF}\n  ${LOCAL}` })
    revokeNow(bad)
    await sessions[0]?.ended()
    sessions[0]?.destroy()
    await scene.recorded({ event: 'session', reason: 'certificate-revoked' })
    expect(sessions[1]?.isEnded).toBe(false)
    sessions[1]?.destroy()
  })

  it('that are gone end the sessions of their certificates, and idle connections', async () => {
    await start()
    const client = authority.issueClient({ name: 'ann' })
    const session = await attach(client)
    const idle = await open(client)
    scene.engine.answer()
    expect((await scene.send('GET /info', [], { on: idle })).status).toBe(200)
    await scene.reload({ listeners: [LISTENER] })
    expect((await session.tunnelled('(record ')).toString()).toContain('the client certificate is not trusted any more')
    await idle.ended()
    session.destroy()
    await scene.recorded({ event: 'session', reason: 'certificate-untrusted' })
  })

  it('let what is open go on through a reload that leaves them as they are', async () => {
    await start()
    const client = authority.issueClient({ name: 'ann' })
    const session = await attach(client)
    const { notes } = await scene.reload({ ...parts, roles: '{ operator: { extends: operator } }' })
    expect([notes, session.isEnded]).toEqual([[], false])
    session.destroy()
    await vi.waitFor(() => expect(scene.records().some(({ event }) => event === 'session')).toBe(true))
  })
})
