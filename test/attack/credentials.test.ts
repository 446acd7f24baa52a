import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MadeCertificate } from '../support/certificates.ts'
import { rawRequest } from '../support/raw-client.ts'
import { BOUND, bearer, type IdentityScene, OTHER, requestOf, startIdentityScene } from './identity-scene.ts'

let scene: IdentityScene
beforeAll(async () => {
  scene = await startIdentityScene()
})
afterAll(() => scene.close())
beforeEach(() => scene.engine.reset())

describe('a token that is bound to a certificate', () => {
  const ops = () => scene.issue(scene.staff, 'ops')
  /** RFC 8705 section 3.1. */
  const thumbprint = ({ certificate }: MadeCertificate) =>
    Buffer.from(new X509Certificate(certificate).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')

  it('T125 is taken on a connection with that certificate, and nowhere else', async () => {
    const [own, another] = [ops(), ops()]
    const token = bearer(await scene.ec.sign({ cnf: { 'x5t#S256': thumbprint(own) } }))
    for (const _ of ['verified', 'known']) {
      expect((await scene.ask([token], own)).status).toBe(200)
      scene.engine.reset()
      scene.refused(await scene.ask([token], another), 'token-confirmation')
      scene.refused(await scene.ask([token]), 'token-confirmation')
    }
  })

  it('T125 is the only one that is taken from an issuer whose tokens must be bound', async () => {
    const own = ops()
    const sign = (cnf?: object) => scene.ec.sign({ iss: BOUND, cnf })
    for (const token of [await sign(), await sign({}), await sign({ jkt: 'A'.repeat(43) })]) {
      scene.refused(await scene.ask([bearer(token)]), 'token-confirmation')
      scene.refused(await scene.ask([bearer(token)], own), 'token-confirmation')
    }
    const bound = await sign({ 'x5t#S256': thumbprint(own) })
    scene.refused(await scene.ask([bearer(bound)]), 'token-confirmation')
    expect((await scene.ask([bearer(bound)], own)).status).toBe(200)
  })
})

describe('on a listener with a token header of its own', () => {
  const ask = async (...headers: string[]) => (await rawRequest(scene.endpoint('proxied'), requestOf(headers))).answer

  it('T126 takes the token from there, whatever a proxy has put into Authorization', async () => {
    const [good, other] = [await scene.ec.sign(), await scene.other.sign({ iss: OTHER, sub: 'nobody' })]
    const own = `X-Dockgate-Token: ${good}`
    const proxies = [
      'Authorization: Basic eDp5',
      'Authorization: Negotiate x',
      'Authorization:',
      bearer('bad'),
      bearer(other),
    ]
    for (const authorization of proxies) {
      expect((await ask(authorization, own)).status).toBe(200)
      expect((await ask(own.toLowerCase().replace(good.toLowerCase(), good), authorization)).status).toBe(200)
    }
    expect(scene.engine.requests.flatMap(({ headers }) => headers).join()).not.toMatch(/dockgate-token|authorization/i)
  })

  it('T126 takes no token from Authorization', async () => {
    const answer = await ask(bearer(await scene.ec.sign()))
    scene.refused(answer, 'credentials-missing')
    expect(answer.text()).toContain('X-Dockgate-Token=<token>')
  })

  it('T126 refuses several, and what is more than a token', async () => {
    const good = await scene.ec.sign()
    const own = `X-Dockgate-Token: ${good}`
    scene.refused(await ask(own, own), 'credentials-malformed')
    scene.refused(await ask(own, 'X-Dockgate-Token: bad'), 'credentials-malformed')
    for (const value of ['', `Bearer ${good}`, `${good} x`, `${good},${good}`, `"${good}"`]) {
      scene.refused(await ask(`X-Dockgate-Token: ${value}`), 'credentials-malformed')
    }
    scene.refused(await ask(`X-Dockgate-Token: ${'x'.repeat(20_000)}`), 'token-malformed')
  })

  it('T126 reads it nowhere else', async () => {
    scene.refused(await scene.ask([`X-Dockgate-Token: ${await scene.ec.sign()}`]), 'credentials-missing')
  })
})

describe('a binding with a condition over the request', () => {
  const ask = async (name: 'plain' | 'proxied', target: string) => {
    const token = await scene.other.sign({ iss: OTHER, sub: 'near' })
    const header = name === 'plain' ? bearer(token) : `X-Dockgate-Token: ${token}`
    return (await rawRequest(scene.endpoint(name), requestOf([header], 'GET', target))).answer
  }

  it('gives its role on the listener and for the operation that it names, and for nothing else', async () => {
    scene.refused(await ask('plain', '/info'), 'binding-none')
    scene.refused(await ask('proxied', '/containers/json'), 'binding-none')
    expect((await ask('proxied', '/info')).status).toBe(200)
  })

  it('that fails gives no role and is told on standard error', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const token = await scene.other.sign({ iss: OTHER, sub: 'nobody', level: 1 })
    scene.refused(await scene.ask([bearer(token)]), 'binding-none')
    expect(written.mock.calls.join()).toContain('].when could not be evaluated: no such overload: dyn<int> + string')
    written.mockRestore()
  })
})
