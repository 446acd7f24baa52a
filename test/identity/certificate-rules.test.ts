import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCertificate, subjectAttributes } from '../../src/identity/certificate.ts'
import { createRules } from '../../src/identity/certificate-rules.ts'
import { pinOf } from '../../src/pki/pin.ts'
import { type CertificateWish, type MadeCertificate, makeTestCertificate } from '../support/certificates.ts'
import { certificateIssuer } from './fixture.ts'

const root = makeTestCertificate({ subject: [{ CN: 'root' }], ca: true })
const client = (wish: Partial<CertificateWish> = {}) =>
  makeTestCertificate({ subject: [{ O: 'acme' }, { CN: 'ops' }], issuer: root, ...wish })
const read = ({ certificate }: MadeCertificate) => new X509Certificate(certificate)

/** What the rules say against a certificate; the empty list when they take it. */
function against(settings: Readonly<Record<string, unknown>>, made: MadeCertificate): string[] {
  const leaf = read(made)
  const ruled = { facts: readCertificate(leaf), attributes: subjectAttributes(leaf), path: [leaf, read(root)] }
  const { certificate } = certificateIssuer({ authorities: 'ca.pem', ...settings })
  return createRules(certificate).flatMap((rule) => rule(ruled) ?? [])
}

it('takes every certificate when nothing is asked', () => {
  expect(against({}, client())).toEqual([])
})

describe('a rule for the subject', () => {
  const subject = (...rdns: CertificateWish['subject']) => client({ subject: rdns })

  it.each<[string, Readonly<Record<string, unknown>>, MadeCertificate]>([
    ['its value', { O: 'acme' }, client()],
    ['a pattern', { CN: 'o*s' }, client()],
    ['one of several patterns', { CN: ['root', 'op*'] }, client()],
    ['all attributes', { O: 'acme', CN: 'ops' }, client()],
    ['every one of several values', { OU: ['eu', 'ops'] }, subject({ OU: 'ops' }, { OU: 'eu' }, { CN: 'x' })],
    ['a value with what would be escaped', { O: 'a, b+c' }, subject({ O: 'a, b+c' })],
  ])('takes a certificate that fits %s', (_what, rule, made) => {
    expect(against({ subject: rule }, made)).toEqual([])
  })

  it.each<[string, Readonly<Record<string, unknown>>, MadeCertificate]>([
    ['has another value', { O: 'acme' }, subject({ O: 'evil' }, { CN: 'ops' })],
    ['has it in other case', { O: 'acme' }, subject({ O: 'ACME' })],
    ['has it with more behind it', { O: 'acme' }, subject({ O: 'acme.evil' })],
    ['has it in another attribute', { O: 'acme' }, subject({ OU: 'acme' }, { CN: 'acme' })],
    ['has it written into another attribute', { O: 'acme' }, subject({ CN: 'ops,O=acme' })],
    ['has it written into another attribute with a plus', { O: 'acme' }, subject({ CN: 'ops + O=acme' })],
    ['has another one beside it', { CN: 'ops' }, subject({ CN: 'ops' }, { CN: 'guest' })],
    ['has it second', { CN: 'ops' }, subject({ CN: 'guest' }, { CN: 'ops' })],
    ['has it in one relative name with another', { CN: 'ops' }, subject({ CN: 'ops' }, { CN: 'x', O: 'y' })],
    ['lacks it', { OU: '*' }, client()],
    ['has no subject', { CN: '*' }, subject()],
    ['fits only one of two', { O: 'acme', CN: 'root' }, client()],
  ])('T124 takes no certificate that %s', (_what, rule, made) => {
    expect(against({ subject: rule }, made)).toHaveLength(1)
  })

  it('says what it takes and what was there', () => {
    expect(against({ subject: { CN: ['ci-*', 'build'] } }, client())).toEqual([
      'takes only CN "ci-*" or "build", and this certificate has "ops"',
    ])
    expect(against({ subject: { OU: 'x' } }, client())).toEqual(['takes only OU "x", and this certificate has none'])
  })

  it('finds no attribute that the certificate has not, whatever is in the values of others', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 30 }), (value) => {
        const made = makeTestCertificate({ subject: [{ CN: `x${value}` }], key: root.key })
        expect([...subjectAttributes(read(made))]).toEqual([['CN', [`x${value}`]]])
      }),
      { numRuns: 200 },
    )
  })
})

describe('a rule for alternative names', () => {
  it.each<[string, Readonly<Record<string, unknown>>, Partial<CertificateWish>]>([
    ['DNS name', { dns: '*.ci.acme.example' }, { dns: ['a.ci.acme.example', 'b.ci.acme.example'] }],
    ['DNS name in any case', { dns: '*.CI.acme.example' }, { dns: ['A.ci.ACME.example'] }],
    ['URI', { uri: 'https://acme.example/ci/*' }, { uri: ['https://acme.example/ci/7'] }],
    ['e-mail address', { email: ['*@acme.example', '*@acme.test'] }, { email: ['a@acme.test', 'b@acme.example'] }],
  ])('takes a certificate whose every %s fits', (_what, san, wish) => {
    expect(against({ san }, client(wish))).toEqual([])
  })

  it.each<[string, Readonly<Record<string, unknown>>, Partial<CertificateWish>]>([
    ['none', { dns: '*' }, { email: ['a@b'] }],
    ['another kind', { dns: 'a@b' }, { email: ['a@b'] }],
    ['one more that does not fit', { dns: '*.acme.example' }, { dns: ['a.acme.example', 'a.evil.example'] }],
    ['a look-alike', { dns: 'a.acme.example' }, { dns: ['a.acme.example.evil'] }],
    ['one that only sounds like several', { uri: 'spiffe://a/b' }, { uri: ['x, URI:spiffe://a/b'] }],
    ['a URI in other case', { uri: 'spiffe://a/b' }, { uri: ['spiffe://a/B'] }],
  ])('T124 takes no certificate that has %s', (_what, san, wish) => {
    expect(against({ san }, client(wish))).toHaveLength(1)
  })
})

describe('a rule for a SPIFFE trust domain', () => {
  it('takes an ID of that domain', () => {
    expect(against({ spiffe: 'acme.example' }, client({ subject: [], uri: ['spiffe://acme.example/ci'] }))).toEqual([])
  })

  it.each<[string, readonly string[]]>([
    ['none', []],
    ['one of another domain', ['spiffe://acme.example.evil/ci']],
    ['one that is none', ['spiffe://acme.example/../x']],
    ['two', ['spiffe://acme.example/ci', 'spiffe://acme.example/ops']],
    ['one and another URI', ['spiffe://acme.example/ci', 'https://acme.example/']],
  ])('T124 takes no certificate that has %s', (_what, uri) => {
    expect(against({ spiffe: 'acme.example' }, client({ uri }))).toHaveLength(1)
  })
})

describe('pins', () => {
  it('take the pinned key in whatever certificate, and no other', () => {
    const made = client()
    const pins = [pinOf(read(made))]
    expect(against({ pins }, made)).toEqual([])
    expect(against({ pins }, client({ key: made.key }))).toEqual([])
    expect(against({ pins }, client())).toEqual([expect.stringContaining('has pins, and none for this certificate')])
  })

  it('take what a pinned authority has issued', () => {
    expect(against({ pins: [pinOf(read(client())), pinOf(read(root))] }, client())).toEqual([])
  })

  it('are what OpenSSL makes of the key', () => {
    const pipe = (input: Buffer | string, ...args: string[]) => execFileSync('openssl', args, { input })
    const spki = pipe(pipe(root.certificate, 'x509', '-pubkey', '-noout'), 'pkey', '-pubin', '-outform', 'der')
    expect(pinOf(read(root))).toBe(pipe(spki, 'dgst', '-sha256', '-binary').toString('base64'))
  })
})
