import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Authenticator, createAuthenticator } from '../../src/identity/authenticate.ts'
import { type OidcIssuer, startOidcIssuer } from '../support/oidc-issuer.ts'
import { bearer, createClock, createFiles, createSigner, jwtIssuer, refusalOf, type TestClock } from './fixture.ts'

const MINUTE = 60_000
const LONG = { lifetime: 7 * 24 * 3600 }

const files = createFiles()
let oidc: OidcIssuer
let ca: string
beforeAll(async () => {
  oidc = await startOidcIssuer()
  ca = files.write('ca.pem', oidc.ca)
})
afterAll(async () => {
  await oidc.close()
  files.remove()
})

let clock: TestClock
let warnings: string[]
const authenticators: Authenticator[] = []
beforeEach(async () => {
  clock = createClock()
  warnings = []
  oidc.answerWith(null)
  await oidc.useKeys('one')
  oidc.asked.length = 0
})
afterEach(() => {
  for (const authenticator of authenticators.splice(0)) authenticator.close()
})

async function discovered(settings: Readonly<Record<string, unknown>> = {}): Promise<Authenticator> {
  const issuer = jwtIssuer({ issuer: oidc.issuer, audience: 'https://docker.example', ca, ...settings })
  const options = { now: clock.now, after: clock.after, warn: (message: string) => warnings.push(message) }
  const authenticator = await createAuthenticator({ oidc: issuer }, options)
  authenticators.push(authenticator)
  return authenticator
}

const subjectOf = async (authenticator: Authenticator, token: string) =>
  (await authenticator.authenticate(bearer(token))).subject
const reasonOf = async (authenticator: Authenticator, token: string) => (await refusalOf(authenticator, token)).reason
describe('a real issuer over TLS, found by discovery', () => {
  it('has its tokens accepted, claims and all', async () => {
    const principal = await (await discovered()).authenticate(bearer(await oidc.token({ repository: 'acme/app' })))
    expect(principal).toMatchObject({ issuer: 'oidc', subject: oidc.subject, claims: { repository: 'acme/app' } })
    expect(oidc.asked).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  it('has a token for another audience refused, and the expected one named', async () => {
    const refusal = await refusalOf(await discovered(), await oidc.token({}, { audience: 'https://other.example' }))
    expect(refusal.reason).toBe('token-audience')
    expect(refusal.message).toBe('the token is for "https://other.example"; this gate expects "https://docker.example"')
  })

  it('has a token refused when it has expired', async () => {
    const token = await oidc.token({}, { lifetime: 10 })
    const authenticator = await discovered()
    expect(await subjectOf(authenticator, token)).toBe(oidc.subject)
    await clock.pass(MINUTE)
    expect(await reasonOf(authenticator, token)).toBe('token-expired')
  })

  it('is not believed when its certificate is of an authority that the configuration does not name', async () => {
    const authenticator = await discovered({ ca: undefined })
    expect(await reasonOf(authenticator, await oidc.token())).toBe('issuer-unavailable')
    expect(warnings.join()).toMatch(/unable to (get local issuer certificate|verify the first certificate)/)
  })

  it('is not believed under a name that its certificate does not have', async () => {
    const issuer = oidc.issuer.replace('localhost', '127.0.0.1')
    const token = await (await createSigner()).sign({ iss: issuer, aud: 'https://docker.example' })
    expect(await reasonOf(await discovered({ issuer }), token)).toBe('issuer-unavailable')
    expect(warnings.join()).toContain("does not match certificate's altnames")
  })
})

describe('T121 look-alikes of a real issuer', () => {
  it.each([
    ['a slash at its end', (url: string) => `${url}/`],
    ['other case', (url: string) => url.replace('localhost', 'LOCALHOST')],
    ['a path', (url: string) => `${url}/realm`],
    ['a suffix', (url: string) => `${url}.example`],
    ['a suffix of its host', (url: string) => url.replace('localhost', 'localhost.example')],
    ['a dot at the end of its host', (url: string) => url.replace('localhost', 'localhost.')],
    ['no TLS', (url: string) => url.replace('https:', 'http:')],
  ])('with %s is not the configured issuer', async (_, change) => {
    const authenticator = await discovered({ issuer: change(oidc.issuer), jwksUri: `${oidc.issuer}/jwks` })
    const refusal = await refusalOf(authenticator, await oidc.token())
    expect(refusal.reason).toBe('token-issuer-unknown')
    expect(refusal.message).toBe(`no configured issuer is "${oidc.issuer}", which issued the token`)
  })
})

describe('T123 the keys of a real issuer', () => {
  it('rotate with an overlap: tokens of the old and of the new key are good while both are published', async () => {
    const authenticator = await discovered()
    const old = await oidc.token({}, LONG)
    expect(await subjectOf(authenticator, old)).toBe(oidc.subject)
    await oidc.useKeys('two', 'one')
    await clock.pass(31_000)
    expect(await subjectOf(authenticator, await oidc.token({}, LONG))).toBe(oidc.subject)
    expect(await subjectOf(authenticator, old)).toBe(oidc.subject)
  })

  it('are fetched again in the background before they are too old, so that no token waits for it', async () => {
    const authenticator = await discovered()
    const token = await oidc.token({}, LONG)
    await subjectOf(authenticator, token)
    await clock.pass(30 * MINUTE)
    expect(oidc.asked.filter((path) => path === '/jwks').length).toBe(4)
    expect(authenticator.authenticate(bearer(token))).not.toBeInstanceOf(Promise)
  })

  it('that were taken back verify nothing beyond the refresh age, tokens that were accepted before included', async () => {
    const authenticator = await discovered({ refresh: '5m' })
    await oidc.useKeys('one', 'two')
    const token = await oidc.token({}, LONG)
    await subjectOf(authenticator, token)
    await oidc.useKeys('two')
    await clock.pass(4 * MINUTE)
    expect(await reasonOf(authenticator, token)).toBe('token-key-unknown')
  })

  it('that were taken back verify nothing beyond the refresh age on a gate that slept', async () => {
    const authenticator = await discovered({ refresh: '5m' })
    const token = await oidc.token({}, LONG)
    await subjectOf(authenticator, token)
    await oidc.useKeys('two')
    clock.sleep(5 * MINUTE)
    expect(await reasonOf(authenticator, token)).toBe('token-key-unknown')
  })

  it('serve through an outage, then are no longer used, and are used again when it is over', async () => {
    const authenticator = await discovered({ refresh: '10m', outage: '20m' })
    const token = await oidc.token({}, LONG)
    await subjectOf(authenticator, token)
    oidc.answerWith((_, response) => response.destroy())
    await clock.pass(20 * MINUTE)
    expect(await subjectOf(authenticator, token)).toBe(oidc.subject)
    expect(await subjectOf(authenticator, await oidc.token({}, LONG))).toBe(oidc.subject)
    await clock.pass(11 * MINUTE)
    expect(await reasonOf(authenticator, token)).toBe('issuer-unavailable')
    expect(await reasonOf(authenticator, await oidc.token({}, LONG))).toBe('issuer-unavailable')
    oidc.answerWith(null)
    await clock.pass(2 * MINUTE)
    expect(await subjectOf(authenticator, token)).toBe(oidc.subject)
    const start = new Date(clock.now() - 33 * MINUTE).toISOString()
    const end = new Date(clock.now() - 3 * MINUTE).toISOString()
    const away = `issuers.oidc.jwt: the issuer's keys cannot be had: ${oidc.issuer}/.well-known/openid-configuration: other side closed`
    expect(warnings).toEqual([
      `${away}; those of ${start} serve until ${end}`,
      `${away}; those of ${start} are too old, so its tokens are refused until they can`,
      "issuers.oidc.jwt: the issuer's keys can be had again",
    ])
  })

  it('are not used at all beyond their age when no outage is to be bridged', async () => {
    const authenticator = await discovered({ refresh: '10m', outage: '0s' })
    const token = await oidc.token({}, LONG)
    await subjectOf(authenticator, token)
    oidc.answerWith((_, response) => response.destroy())
    await clock.pass(9 * MINUTE)
    expect(await subjectOf(authenticator, token)).toBe(oidc.subject)
    await clock.pass(MINUTE)
    expect(await reasonOf(authenticator, token)).toBe('issuer-unavailable')
  })

  it('that come slowly or without end are not waited for', { timeout: 30_000 }, async () => {
    oidc.answerWith((_, response) => response.write('{"keys":'))
    expect(await reasonOf(await discovered(), await oidc.token())).toBe('issuer-unavailable')
    oidc.answerWith((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })
    expect(await reasonOf(await discovered(), await oidc.token())).toBe('issuer-unavailable')
    expect(warnings.join()).toMatch(/no whole answer in time.*more than 512 KiB/)
  })

  it('of an issuer that is away at the start are tried again with growing pauses until they come', async () => {
    oidc.answerWith((_, response) => response.writeHead(500).end())
    const authenticator = await discovered()
    const token = await oidc.token({}, LONG)
    const refusal = await refusalOf(authenticator, token)
    expect([refusal.reason, refusal.status]).toEqual(['issuer-unavailable', 503])
    expect(refusal.message).not.toContain(oidc.issuer)
    await clock.pass(10 * MINUTE)
    expect(oidc.asked.length).toBeGreaterThanOrEqual(12)
    expect(oidc.asked.length).toBeLessThanOrEqual(15)
    expect(warnings).toEqual([
      `issuers.oidc.jwt: the issuer's keys cannot be had: ${oidc.issuer}/.well-known/openid-configuration answers with status 500; its tokens are refused until they can`,
    ])
    oidc.answerWith(null)
    await clock.pass(MINUTE)
    expect(await subjectOf(authenticator, token)).toBe(oidc.subject)
    expect(warnings.at(-1)).toBe("issuers.oidc.jwt: the issuer's keys can be had again")
  })
})
