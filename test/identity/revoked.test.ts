import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { CertificateFacts, Principal } from '../../src/identity/principal.ts'
import { formatEntry, parseEntry, type RevocationEntry, RevocationError } from '../../src/identity/revocation-entry.ts'
import { compileRevoked } from '../../src/identity/revoked.ts'
import { processorMs } from '../support/processor.ts'

const AT = '2026-11-22T10:00:00.000Z'
const HEX = 'ab'.repeat(32)
const facts: CertificateFacts = {
  subject: 'CN=ops',
  commonName: 'ops',
  issuer: 'CN=ca',
  dns: [],
  uri: [],
  email: [],
  serial: '0A1B',
  fingerprint: HEX,
}
const principal = (more: Partial<Principal> = {}): Principal => ({
  issuer: 'github',
  subject: 'repo:acme/shop',
  claims: { jti: 'one', iat: 1_000 },
  certificate: null,
  expiresAt: 2_000,
  ...more,
})
const line = (entry: object) => JSON.stringify({ at: AT, ...entry })
const revokes = (entry: object, who: Principal = principal()) =>
  compileRevoked([parseEntry(line(entry))]).find(who) !== null

it.each([
  ['jti', { jti: 'one' }, { jti: 'two' }],
  ['subject', { subject: 'repo:acme/shop' }, { subject: 'repo:acme/shop2' }],
  [
    'subject and issuer',
    { issuer: 'github', subject: 'repo:acme/shop' },
    { issuer: 'gitlab', subject: 'repo:acme/shop' },
  ],
  ['jti and subject', { jti: 'one', subject: 'repo:acme/shop' }, { jti: 'one', subject: 'other' }],
  [
    'issue before',
    { issuer: 'github', issuedBefore: '1970-01-01T00:16:41Z' },
    { issuer: 'github', issuedBefore: '1970-01-01T00:16:40Z' },
  ],
])('revokes by %s, and only who fits', (_, fitting, other) => {
  expect([revokes(fitting), revokes(other)]).toEqual([true, false])
})

it('revokes tokens that do not say when they were issued, with those that were issued before', () => {
  const entry = { issuer: 'github', issuedBefore: '2020-01-01T00:00:00Z' }
  expect(revokes(entry, principal({ claims: {} }))).toBe(true)
  expect(revokes(entry, principal({ claims: { iat: 'long ago' } }))).toBe(true)
  expect(revokes(entry, principal({ claims: {}, issuer: 'other' }))).toBe(false)
})

it.each([
  ['0a:1b', true],
  ['000A1B', true],
  ['A1B0', false],
])('finds a certificate by its serial number, however it is written: %s', (serial, found) => {
  expect(revokes({ serial }, principal({ certificate: facts }))).toBe(found)
})

it('finds a certificate by its fingerprint, also beside a token', () => {
  const fingerprint = HEX.toUpperCase().match(/../g)?.join(':')
  expect(revokes({ fingerprint }, principal({ certificate: facts }))).toBe(true)
  expect(revokes({ fingerprint })).toBe(false)
})

it('keeps of equal entries the one that reaches furthest', () => {
  const at = (year: number) => parseEntry(line({ issuer: 'github', issuedBefore: `${year}-01-01T00:00:00Z` }))
  const revoked = compileRevoked([at(2001), at(2003), at(2002)])
  expect(revoked.size).toBe(1)
  expect(revoked.find(principal({ claims: { iat: Date.UTC(2002, 5) / 1000 } }))?.issuedBefore).toBe(Date.UTC(2003, 0))
})

it('tells revoked from others among many thousands at the same cost', () => {
  const entries = Array.from({ length: 50_000 }, (_, i) => parseEntry(line({ issuer: 'github', jti: `j${i}` })))
  const revoked = compileRevoked(entries)
  const cost = processorMs(() => {
    for (let i = 0; i < 10_000; i++) revoked.find(principal())
  })
  expect(cost).toBeLessThan(500)
  expect(revoked.find(principal({ claims: { jti: 'j49999' } }))).not.toBeNull()
})

it.each([
  ['no JSON', 'jti=one'],
  ['a list', '[]'],
  ['null', 'null'],
  ['no fact', line({})],
  ['an issuer alone', line({ issuer: 'github' })],
  ['an unknown key', line({ jti: 'one', sub: 'a' })],
  ['a key of another case', line({ JTI: 'one' })],
  ['the same key twice', `{"at":"${AT}","jti":"one","jti":"two"}`],
  ['the same key twice, once escaped', `{"at":"${AT}","jti":"one","\\u006ati":"two"}`],
  ['__proto__', `{"at":"${AT}","__proto__":{"jti":"one"}}`],
  ['no moment', '{"jti":"one"}'],
  ['a number for a text', line({ jti: 1 })],
  ['an empty text', line({ subject: '' })],
  ['an invisible character', line({ subject: 'a\u202eb' })],
  ['issuedBefore without issuer', line({ issuedBefore: AT })],
  ['a date without time', line({ issuer: 'a', issuedBefore: '2026-01-01' })],
  ['a time without zone', line({ issuer: 'a', issuedBefore: '2026-01-01T00:00:00' })],
  ['the 30th of February', line({ issuer: 'a', issuedBefore: '2026-02-30T00:00:00Z' })],
  ['the 25th hour', line({ issuer: 'a', issuedBefore: '2026-01-01T25:00:00Z' })],
  ['a serial number that is no hex', line({ serial: 'xyz' })],
  ['half a fingerprint', line({ fingerprint: 'ab'.repeat(20) })],
  ['a line without end', line({ jti: 'x'.repeat(5000) })],
])('refuses a line with %s', (_, text) => {
  expect(() => parseEntry(text)).toThrow(RevocationError)
})

const text = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme-ascii' })
const moment = fc
  .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.getTime())
const entryOf = fc.record(
  {
    issuer: text,
    jti: text,
    subject: text,
    issuedBefore: moment,
    serial: fc.stringMatching(/^[1-9A-F][0-9A-F]{0,39}$/),
    fingerprint: fc.stringMatching(/^[0-9a-f]{64}$/),
    reason: text,
    at: moment,
  },
  { requiredKeys: ['issuer', 'jti', 'at'] },
) as fc.Arbitrary<RevocationEntry>

it('reads back every entry that it writes, in one line', () => {
  fc.assert(
    fc.property(entryOf, (entry) => {
      const written = formatEntry(entry)
      expect(written).not.toContain('\n')
      expect(parseEntry(written)).toEqual(entry)
    }),
  )
})

it('takes any line without another error than its own, and never for an entry without facts', () => {
  const any = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc
      .dictionary(fc.constantFrom('jti', 'at', 'issuer', 'serial', 'x'), fc.jsonValue())
      .map((one) => JSON.stringify(one)),
  )
  fc.assert(
    fc.property(any, (one) => {
      try {
        const { at, issuer, reason, ...found } = parseEntry(one)
        expect(Object.keys(found).length).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toBeInstanceOf(RevocationError)
      }
    }),
  )
})
