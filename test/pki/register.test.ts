import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createAuthority } from '../../src/pki/authority.ts'
import { keepRevocationList, readRegister, recordIssued, revoke } from '../../src/pki/register.ts'
import { readRevocationLists, serialOf } from '../../src/pki/revocation-list.ts'
import { temporaryFolder } from './folder.ts'

const authority = createAuthority()
const filesIn = (folder: string) => ({ issued: join(folder, 'issued.pem'), revoked: join(folder, 'crl.pem') })
const issue = (name: string) => authority.issueClient({ name }).certificate
const serial = (pem: string) => serialOf(new X509Certificate(pem))
const [first, second] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-02-01T00:00:00Z')]

it('keeps when and why a certificate was revoked when it is revoked again', () => {
  const files = filesIn(temporaryFolder())
  const [alice, bob] = [issue('alice'), issue('bob')]
  for (const pem of [alice, bob]) recordIssued(files, pem)
  revoke(files, authority, { serials: [serial(alice)], reason: 'keyCompromise', now: first })
  revoke(files, authority, { serials: [serial(alice), serial(bob)], reason: 'superseded', now: second })
  expect(readRegister(files, authority).map(({ revocation }) => revocation)).toEqual([
    { at: first, reason: 'keyCompromise' },
    { at: second, reason: 'superseded' },
  ])
})

it('makes an empty list when there is none, and leaves one that is there', () => {
  const files = filesIn(temporaryFolder())
  keepRevocationList(files, authority, first)
  const made = readFileSync(files.revoked, 'utf8')
  keepRevocationList(files, authority, second)
  expect(readFileSync(files.revoked, 'utf8')).toBe(made)
  expect(readRegister(files, authority)).toEqual([])
})

it('numbers its lists upwards, within one second and when the clock was put back too', () => {
  const files = filesIn(temporaryFolder())
  const numbers = [second, second, first].map((now) => {
    revoke(files, authority, { serials: [], reason: 'unspecified', now })
    return readRevocationLists(readFileSync(files.revoked))[0]?.number ?? 0n
  })
  const [one = 0n] = numbers
  expect(numbers).toEqual([one, one + 1n, one + 2n])
})

it('finds every certificate in the index, whatever else was written there', () => {
  const files = filesIn(temporaryFolder())
  const pems = [issue('alice'), issue('bob')]
  const noise = fc.oneof(
    fc.string(),
    fc.nat({ max: 600 }).map((end) => (pems[0] ?? '').slice(0, end)),
    fc.constant('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
  )
  fc.assert(
    fc.property(noise, noise, noise, (before, between, behind) => {
      writeFileSync(files.issued, `${before}\n${pems[0]}${between}\n${pems[1]}${behind}`)
      const found = readRegister(files, authority).map((one) => one.certificate.subject)
      expect(found.filter((subject) => subject === 'CN=bob')).toHaveLength(1)
      expect(found.filter((subject) => subject === 'CN=alice').length).toBeGreaterThanOrEqual(1)
    }),
    { numRuns: 50 },
  )
})
