import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCertificate } from '../../src/identity/certificate.ts'
import { type CertificateWish, makeTestCertificate } from '../support/certificates.ts'
import { refused } from './fixture.ts'

const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1'
const ANY_USAGE = '2.5.29.37.0'

const certificate = (wish: CertificateWish) => new X509Certificate(makeTestCertificate(wish).certificate)
const facts = (wish: Partial<CertificateWish>) => readCertificate(certificate({ subject: [{ CN: 'ops' }], ...wish }))

describe('readCertificate', () => {
  it('reads the names, the serial and the fingerprint of a leaf', () => {
    const authority = makeTestCertificate({ subject: [{ O: 'acme' }, { CN: 'staff CA' }], ca: true })
    const leaf = certificate({
      issuer: authority,
      subject: [{ C: 'CH' }, { O: 'acme' }, { CN: 'ops' }],
      dns: ['ops.acme.example', '*.acme.example'],
      uri: ['spiffe://acme.example/ops'],
      email: ['ops@acme.example'],
    })
    expect(readCertificate(leaf)).toEqual({
      subject: 'CN=ops,O=acme,C=CH',
      commonName: 'ops',
      dns: ['ops.acme.example', '*.acme.example'],
      uri: ['spiffe://acme.example/ops'],
      email: ['ops@acme.example'],
      issuer: 'CN=staff CA,O=acme',
      serial: leaf.serialNumber,
      fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    })
  })

  it('takes the first common name of several, and values that need escaping as they are', () => {
    const { subject, commonName } = facts({
      subject: [{ CN: 'a, b + "c"' }, { CN: 'second' }, { O: ' x#', OU: 'y\\' }],
    })
    expect(commonName).toBe('a, b + "c"')
    expect(subject).toBe('O=\\ x#+OU=y\\\\,CN=second,CN=a\\, b \\+ \\"c\\"')
  })

  it('reads a certificate without a subject', () => {
    expect(facts({ subject: [], uri: ['spiffe://a/b'] })).toMatchObject({ subject: '', commonName: '' })
  })

  it('T124 keeps a name that looks like several as one name', () => {
    const uri = ['spiffe://a/b, DNS:ops.acme.example', 'http://"x", URI:spiffe://acme.example/ops', 'a\\b']
    expect(facts({ uri })).toMatchObject({ uri, dns: [] })
  })

  it.each<[string, Partial<CertificateWish>]>([
    ['a NUL in its common name', { subject: [{ CN: 'ops\0.evil' }] }],
    ['a line feed in its subject', { subject: [{ O: 'acme\nCN=ops' }] }],
    ['a C1 control in its subject', { subject: [{ O: 'acme\u0085' }] }],
    ['a bidirectional override in its subject', { subject: [{ O: 'acme\u202e' }] }],
    ['a NUL in a DNS name', { dns: ['ops.acme.example\0.evil.example'] }],
    ['a NUL in a URI', { uri: ['spiffe://acme.example/ops\0x'] }],
    ['a line feed in an e-mail address', { email: ['ops@acme.example\nx'] }],
    ['an empty DNS name', { dns: [''] }],
    ['a name of 2,000 characters', { dns: ['x'.repeat(2000)] }],
    ['a thousand names', { dns: Array.from({ length: 1000 }, (_, index) => `n${index}`) }],
    ['CA:TRUE', { ca: true }],
    ['a usage for servers only', { usages: [SERVER_AUTHENTICATION] }],
    ['any usage, which is not clientAuth', { usages: [ANY_USAGE] }],
  ])('T124 refuses a certificate with %s', async (_, wish) => {
    const refusal = await refused(() => facts(wish))
    expect(refusal.reason).toBe('certificate-untrusted')
    expect(refusal.message).toMatch(/^[\x20-\x7e]+$/)
  })

  it('takes a certificate that does not restrict its usage', () => {
    expect(facts({ usages: null })).toMatchObject({ commonName: 'ops' })
  })

  it('reads any visible name back exactly as it was put in', () => {
    const ascii = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(
        ascii,
        fc.array(ascii, { maxLength: 3 }),
        fc.array(ascii, { maxLength: 3 }),
        (commonName, dns, uri) => {
          expect(facts({ subject: [{ CN: commonName }, { O: 'acme' }], dns, uri })).toMatchObject({
            commonName,
            dns,
            uri,
          })
        },
      ),
    )
  })
})
