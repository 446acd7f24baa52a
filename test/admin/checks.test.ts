import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import { expect, it, onTestFinished, vi } from 'vitest'
import { checkCertificates } from '../../src/admin/check-certificates.ts'
import { checkKeys } from '../../src/admin/check-keys.ts'
import { checkLists } from '../../src/admin/check-lists.ts'
import { checkRecords } from '../../src/admin/check-records.ts'
import type { Config } from '../../src/config/schema.ts'
import { createAuthenticator } from '../../src/identity/authenticate.ts'
import type { FollowedIssuer } from '../../src/identity/certificate-issuers.ts'
import { loadAuthority } from '../../src/pki/authority.ts'
import { readRevocationLists } from '../../src/pki/revocation-list.ts'
import { createClock, jwtIssuer } from '../identity/fixture.ts'
import { makeTestCertificate } from '../support/certificates.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const NOW = Date.parse('2026-05-01T00:00:00Z')
const nothing = { listeners: [], issuers: {} } as unknown as Config

const authority = (from: number, to: number) =>
  makeTestCertificate({
    subject: [{ CN: 'root' }],
    ca: true,
    notBefore: new Date(NOW + from * DAY),
    notAfter: new Date(NOW + to * DAY),
  })
const issuer = (certificates: readonly string[], more: Partial<FollowedIssuer> = {}): FollowedIssuer => ({
  name: 'staff',
  depth: 8,
  rules: [],
  isSpiffe: false,
  revocation: null,
  lists: null,
  problem: null,
  authorities: certificates.map((pem) => new X509Certificate(pem)),
  ...more,
})

it.each([
  ['a year of ten left', -3650, 365, true, 365],
  ['a week of a year left', -358, 7, true, 7],
  ['three days and an hour of a year left', -362, 3 + 1 / 24, true, 3],
  ['two days of a year left', -363, 2, false, 2],
  ['four hours of a day left', -20 / 24, 4 / 24, true, 0],
  ['two hours of a day left', -22 / 24, 2 / 24, false, 0],
  ['no time left', -365, 0, false, 0],
  ['expired a day ago', -365, -1, false, -1],
  ['not begun', 1, 365, false, 365],
])('a certificate with %s', (_, from, to, ok, days) => {
  const [check] = checkCertificates(nothing, [issuer([authority(from, to).certificate])], NOW)
  expect(check).toMatchObject({ name: 'issuers.staff.certificate.authorities', ok, days })
})

it('finds a bundle of authorities well as long as one of them is', () => {
  const bundle = [authority(-365, -1), authority(-1, 365)].map(({ certificate }) => certificate)
  expect(checkCertificates(nothing, [issuer(bundle)], NOW)).toMatchObject([{ ok: true, days: 365 }])
})

it('says when the files of an issuer are not in use as they are, and goes on with what is', () => {
  const [check] = checkCertificates(nothing, [issuer([authority(-1, 365).certificate], { problem: 'x is gone' })], NOW)
  expect(check).toMatchObject({ ok: true, detail: expect.stringContaining('not in use as it is now: x is gone') })
})

const root = authority(-1, 365)
const other = authority(-1, 365)
const listUntil = (days: number) => {
  const pem = loadAuthority(root.certificate, root.key).revocationList({
    number: 1,
    revoked: new Map(),
    thisUpdate: new Date(NOW - DAY),
    nextUpdate: new Date(NOW + days * DAY),
  })
  return readRevocationLists(Buffer.from(pem))
}

it.each([
  ['with five days left', 5, true, 5],
  ['that has run out', -0.5, false, -1],
])('a revocation list %s', (_, end, ok, days) => {
  const lists = listUntil(end)
  const [check] = checkLists(issuer([root.certificate], { lists }), NOW)
  expect(check).toMatchObject({ name: 'issuers.staff.certificate.crl', ok, days })
})

it('misses the revocation list of an authority that has none, and asks for none without crl', () => {
  const lists = listUntil(5)
  const [check] = checkLists(issuer([root.certificate, other.certificate], { lists }), NOW)
  expect(check).toMatchObject({ ok: false, detail: expect.stringContaining('CN=root') })
  expect(checkLists(issuer([root.certificate]), NOW)).toEqual([])
})

it('follows keys that cannot be fetched: well while the old ones serve, then not, and well again', async () => {
  const clock = createClock(NOW)
  let works = true
  const server = createServer((_, response) => {
    response.writeHead(works ? 200 : 500).end('{"keys":[]}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const config = jwtIssuer({ jwksUri: `http://127.0.0.1:${port}/keys`, refresh: '10m', outage: '1h' })
  const lines: string[] = []
  const warned = Promise.withResolvers<void>()
  const authenticator = await createAuthenticator(
    { idp: config },
    {
      ...clock,
      warn: (line) => {
        lines.push(line)
        warned.resolve()
      },
    },
  )
  onTestFinished(() => {
    authenticator.close()
    server.close()
  })
  const check = () => authenticator.issuers().tokens.map((one) => checkKeys(one, clock.now()))[0]
  expect(check()).toMatchObject({ ok: false, detail: 'its keys are being fetched', keysAge: null })
  await vi.waitFor(() => expect(check()?.ok).toBe(true))
  await clock.pass(MINUTE)
  expect(check()).toMatchObject({ name: 'issuers.idp.jwt', ok: true, detail: 'keys of 60 seconds ago', keysAge: 60 })

  works = false
  await clock.pass(20 * MINUTE)
  await warned.promise
  expect(check()).toMatchObject({ ok: true, failingSince: new Date(NOW + 8 * MINUTE).toISOString() })
  expect(check()?.detail).toMatch(
    /^keys of 21 minutes ago; newer ones cannot be had since .* status 500; they serve until /,
  )

  await clock.pass(60 * MINUTE)
  expect(check()).toMatchObject({ ok: false, keysAge: null })
  expect(check()?.detail).toMatch(/^no keys, so its tokens are refused: they cannot be had since .*T00:08:00/)
  expect(lines.at(-1)).toContain('too old, so its tokens are refused')

  works = true
  await clock.pass(2 * MINUTE)
  expect(check()).toMatchObject({ ok: true, keysAge: expect.any(Number) })
  expect(check()).not.toHaveProperty('failingSince')
})

it.each([
  ['to standard output', { file: undefined, failing: null, lost: 0 }, true, 'standard output'],
  ['of which some were lost', { file: undefined, failing: null, lost: 3 }, true, 'lost since the start: 3'],
  ['to a file that is gone', { file: '/nowhere/records.jsonl', failing: null, lost: 0 }, false, 'does not exist'],
  [
    'of which the last could not be written',
    { file: '/dev/null', failing: { since: NOW, why: 'full' }, lost: 0 },
    false,
    'full',
  ],
])('records %s', (_, state, ok, detail) => {
  expect(checkRecords({ place: 'standard output', ...state })).toMatchObject({
    name: 'records',
    ok,
    detail: expect.stringContaining(detail),
  })
})
