import type tls from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ISSUER } from '../identity/fixture.ts'
import { makeTestCertificate } from '../support/certificates.ts'
import { openRaw, type RawConnection, rawRequest } from '../support/raw-client.ts'
import { bearer, type IdentityScene, OTHER, requestOf, startIdentityScene } from './identity-scene.ts'
import { expectRefusal } from './scene.ts'

describe('attacks with certificates, and with several credentials at once', () => {
  let scene: IdentityScene
  beforeAll(async () => {
    scene = await startIdentityScene()
  })
  afterAll(() => scene.close())
  beforeEach(() => scene.engine.reset())

  const ops = () => scene.issue(scene.staff, 'ops')

  it('takes the good certificate that the others are made from', async () => {
    expect((await scene.ask([], ops())).status).toBe(200)
  })

  it.each([
    ['an authority that only has the right name', () => scene.issue(scene.stranger, 'ops')],
    ['itself', () => makeTestCertificate({ subject: [{ CN: 'ops' }] })],
    [
      'an authority, but expired',
      () => scene.issue(scene.staff, 'ops', { notBefore: new Date(0), notAfter: new Date(Date.now() - 1000) }),
    ],
    [
      'an authority, but for the future',
      () =>
        scene.issue(scene.staff, 'ops', {
          notBefore: new Date(Date.now() + 600_000),
          notAfter: new Date(Date.now() + 900_000),
        }),
    ],
    ['an authority, for servers only', () => scene.issue(scene.staff, 'ops', { usages: ['1.3.6.1.5.5.7.3.1'] })],
    ['an authority, for signing code only', () => scene.issue(scene.staff, 'ops', { usages: ['1.3.6.1.5.5.7.3.3'] })],
    ['another leaf', () => scene.issue(scene.issue(scene.staff, 'guest'), 'ops')],
    ['an authority that is not for clients', () => scene.issue(scene.serverCa, 'ops')],
  ])('T124 refuses a certificate that was issued by %s', async (_, make) => {
    const client = make()
    scene.refused(await scene.ask([], client), 'certificate-untrusted')
    scene.refused(await scene.ask([bearer(await scene.ec.sign())], client), 'certificate-untrusted')
    const strict = rawRequest(scene.endpoint('strict', client), requestOf([])).then(
      ({ answer }) => answer.status,
      () => 'no connection',
    )
    expect(await strict).toBe('no connection')
    expect(scene.reached()).toEqual([])
  })

  it('T124 takes an authority that comes as a leaf for no client', async () => {
    scene.refused(await scene.ask([], scene.staff), 'certificate-untrusted', 'binding-none')
  })

  it.each([
    ['in other case', [{ CN: 'OPS' }]],
    ['with a space', [{ CN: 'ops ' }]],
    ['with more behind it', [{ CN: 'ops.evil' }]],
    ['in another attribute', [{ O: 'ops' }]],
    ['behind another name', [{ CN: 'guest' }, { CN: 'ops' }]],
    ['behind a NUL', [{ CN: 'ops\u0000.evil' }]],
    ['written into another attribute', [{ O: 'x,CN=ops' }, { CN: 'guest' }]],
    ['with a look-alike letter', [{ CN: '\u043eps' }]],
  ])('T124 does not take for ops a name that has it %s', async (_, subject) => {
    const answer = await scene.ask([], scene.issue(scene.staff, '', { subject }))
    scene.refused(answer, 'binding-none', 'certificate-untrusted')
  })

  it('T124 does not take a name in a SAN for the common name', async () => {
    scene.refused(
      await scene.ask([], scene.issue(scene.staff, 'guest', { dns: ['ops'], email: ['ops@x'], uri: ['ops:ops'] })),
      'binding-none',
    )
  })

  it('T124 does not take a certificate of one authority for one of another', async () => {
    const body = ['Content-Length: 2', 'Content-Type: application/json']
    const { answer } = await rawRequest(
      scene.endpoint('secure', scene.issue(scene.guests, 'ops')),
      `${requestOf(body, 'POST', '/volumes/create')}{}`,
    )
    scene.refused(answer, 'operation-not-allowed')
  })

  it('T124 asks for credentials where a certificate is optional and none comes', async () => {
    const { answer } = await rawRequest(scene.endpoint('secure'), requestOf([]))
    scene.refused(answer, 'credentials-missing')
  })

  it('T124 has no connection without a certificate where one is required', async () => {
    await expect(rawRequest(scene.endpoint('strict'), requestOf([bearer(await scene.ec.sign())]))).rejects.toThrow()
    expect(scene.reached()).toEqual([])
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'T124 keeps the identity of a resumed session, and no other: %s',
    async (version) => {
      const client = ops()
      const first = await openRaw(scene.endpoint('secure', client, { minVersion: version, maxVersion: version }))
      const session = await sessionOf(first, requestOf([]))
      const resumed = await openRaw(
        scene.endpoint('secure', undefined, { minVersion: version, maxVersion: version, session }),
      )
      const reused = (resumed.socket as tls.TLSSocket).isSessionReused()
      await resumed.write(requestOf([]))
      const answer = await resumed.answer()
      first.destroy()
      resumed.destroy()
      if (reused) expect(answer.status).toBe(200)
      else expectRefusal(answer, 'credentials-missing')
      // A session without a certificate stays one when a certificate is at hand.
      const plain = await openRaw(scene.endpoint('secure', undefined, { minVersion: version, maxVersion: version }))
      const anonymous = await sessionOf(plain, requestOf([]))
      const again = await openRaw(
        scene.endpoint('secure', undefined, { minVersion: version, maxVersion: version, session: anonymous }),
      )
      await again.write(requestOf([]))
      expectRefusal(await again.answer(), 'credentials-missing')
      plain.destroy()
      again.destroy()
    },
  )

  it('T125 refuses a token that is bound to a certificate when another comes with it, or none', async () => {
    const token = await scene.ec.sign({ cnf: { 'x5t#S256': 'A'.repeat(43) } })
    const plain = await scene.ask([bearer(token)])
    expect([plain.status, scene.reached()]).toEqual([401, []])
    const certified = await scene.ask([bearer(token)], ops())
    expect([certified.status, scene.reached()]).toEqual([401, []])
  })

  it('T126 lets the token decide when a certificate comes with it', async () => {
    const token = bearer(await scene.other.sign({ iss: OTHER, sub: 'ci' }))
    scene.refused(await scene.ask([token], ops(), 'DELETE', '/volumes/x'), 'operation-not-allowed')
    expect((await scene.ask([], ops(), 'DELETE', '/volumes/x')).status).toBe(200)
  })

  it('T126 refuses a bad token beside a good certificate', async () => {
    scene.refused(await scene.ask([bearer(await scene.other.sign({ iss: ISSUER }))], ops()), 'token-signature')
    scene.refused(await scene.ask(['Authorization: Basic eDp5'], ops()), 'credentials-malformed')
    scene.refused(await scene.ask(['Authorization:'], ops()), 'credentials-malformed')
  })

  it('T126 refuses several Authorization headers, and merges none', async () => {
    const [good, bad] = [bearer(await scene.ec.sign()), bearer('bad')]
    for (const pair of [
      [good, bad],
      [bad, good],
      [good, good],
      [good, good.replace('A', 'a')],
      [good, 'Authorization:'],
    ]) {
      scene.refused(await scene.ask(pair), 'credentials-malformed', 'header-repeated')
    }
  })

  it('T126 takes a token from the Authorization header and nowhere else', async () => {
    const token = await scene.ec.sign()
    for (const name of ['access_token', 'token', 'authorization', 'jwt']) {
      scene.refused(
        await scene.ask([], undefined, 'GET', `/info?${name}=${token}`),
        'query-unknown',
        'credentials-missing',
      )
    }
    const headers = [
      'Proxy-Authorization',
      'X-Authorization',
      'X-Auth-Token',
      'X-Access-Token',
      'X-Forwarded-Authorization',
    ]
    for (const name of headers) scene.refused(await scene.ask([`${name}: Bearer ${token}`]), 'credentials-missing')
    scene.refused(
      await scene.ask([`Cookie: Authorization=Bearer ${token}; access_token=${token}`]),
      'credentials-missing',
    )
    scene.refused(await scene.ask([`Sec-WebSocket-Protocol: ${token}`]), 'credentials-missing')
  })

  it.each([
    'Bearer',
    'Bearer ',
    'bearer  x',
    'Bearer\tx',
    'Basic eDp5',
    'Digest x',
    'x',
    'Bearer x y',
    'Bearer x, Bearer y',
    ', Bearer x',
  ])('T126 refuses the Authorization %j', async (value) => {
    scene.refused(await scene.ask([`Authorization: ${value}`]), 'credentials-malformed', 'token-malformed')
  })

  it('T126 takes no client certificate from a header', async () => {
    const pem = encodeURIComponent(ops().certificate)
    for (const name of ['X-Client-Cert', 'X-SSL-Client-Cert', 'Client-Cert', 'X-Forwarded-Client-Cert']) {
      scene.refused(await scene.ask([`${name}: ${pem}`]), 'credentials-missing')
    }
  })
})

/** The session of a connection on which a request was answered, as TLS 1.3 gives it only then. */
async function sessionOf(connection: RawConnection, bytes: string): Promise<Buffer> {
  const socket = connection.socket as tls.TLSSocket
  const session = new Promise<Buffer>((resolve) => socket.once('session', resolve))
  await connection.write(bytes)
  await connection.answer()
  return socket.getProtocol() === 'TLSv1.3' ? session : (socket.getSession() as Buffer)
}
