import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCaller } from '../../src/cli/explain-caller.ts'
import { UsageError } from '../../src/cli/failure.ts'
import { issuerSchema } from '../../src/config/issuer-schema.ts'
import type { Config } from '../../src/config/schema.ts'

const jwt = (issuer: string) => issuerSchema.parse({ jwt: { issuer, audience: 'gate' } })
const issuers: Config['issuers'] = {
  github: jwt('https://ci.test'),
  blue: jwt('https://two.test'),
  green: jwt('https://two.test'),
  staff: issuerSchema.parse({ certificate: { authorities: 'ca.pem' } }),
}
const read = (value: unknown) => readCaller('claims.json', JSON.stringify(value), issuers)

describe('a caller who is taken as verified', () => {
  it.each([
    ['claims as they are, the issuer by its iss', { iss: 'https://ci.test', sub: 'me', ref: 'main' }],
    ['claims as they are, the issuer by its name', { iss: 'github', sub: 'me', ref: 'main' }],
    ['an issuer by its name beside the claims', { issuer: 'github', claims: { sub: 'me', ref: 'main' } }],
    ['an issuer by its iss beside the claims', { issuer: 'https://ci.test', claims: { sub: 'me', ref: 'main' } }],
    ['the iss inside the claims', { claims: { iss: 'https://ci.test', sub: 'me', ref: 'main' } }],
  ])('is read from %s', (_what, value) => {
    const { issuer, subject, claims, certificate } = read(value)
    expect({ issuer, subject, certificate }).toEqual({ issuer: 'github', subject: 'me', certificate: null })
    expect({ ...claims }).toEqual({ iss: 'https://ci.test', sub: 'me', ref: 'main' })
  })

  it('is read from the facts of a certificate, what is left out being empty', () => {
    expect(read({ issuer: 'staff', certificate: { commonName: 'alice', dns: ['a.test'] } })).toMatchObject({
      issuer: 'staff',
      subject: 'CN=alice',
      certificate: { subject: 'CN=alice', commonName: 'alice', dns: ['a.test'], uri: [], email: [], serial: '' },
    })
  })

  it('is called by its first other name where a certificate has no subject, as at the gate', () => {
    expect(read({ issuer: 'staff', certificate: { uri: ['spiffe://a/b'] } }).subject).toBe('spiffe://a/b')
  })

  it('has a certificate beside its claims when both are given', () => {
    const { subject, certificate } = read({
      issuer: 'github',
      claims: { sub: 'me' },
      certificate: { commonName: 'runner' },
    })
    expect([subject, certificate?.commonName]).toEqual(['me', 'runner'])
  })

  it('has claims without a prototype, whatever their names', () => {
    const { claims } = readCaller('f', '{"iss": "github", "sub": "me", "__proto__": {"a": 1}}', issuers)
    expect(Object.getPrototypeOf(claims)).toBeNull()
    expect(Object.keys(claims)).toContain('__proto__')
  })
})

describe('a file that names no caller', () => {
  it.each<[unknown, string]>([
    [[], 'the file wants an object, found "[]"'],
    [{}, '"issuer" is missing: the name of one (github, blue, green, staff), or the "iss" of its tokens'],
    [{ sub: 'me' }, '"issuer" is missing'],
    [{ iss: 'githup', sub: 'me' }, '"iss": no issuer "githup"; did you mean "github"?'],
    [{ iss: 'https://ci.tset', sub: 'me' }, 'did you mean "https://ci.test"?'],
    [
      { issuer: 'nobody-at-all', claims: {} },
      '"issuer": no issuer "nobody-at-all"; the configuration has github, blue',
    ],
    [{ issuer: 7 }, '"issuer" wants text, found "7"'],
    [{ issuer: 'constructor', claims: { sub: 'me' } }, 'no issuer "constructor"'],
    [
      { iss: 'https://two.test', sub: 'me' },
      'several issuers have the iss "https://two.test": say which as "issuer": "blue" or "green"',
    ],
    [{ issuer: 'github', clams: { sub: 'me' } }, 'unknown key "clams"; did you mean "claims"?'],
    [
      { issuer: 'github', certificate: { CommonName: 'a' } },
      'unknown key "certificate.CommonName"; did you mean "commonName"?',
    ],
    [{ issuer: 'github' }, '"claims" is missing: issuer "github" speaks for tokens'],
    [{ issuer: 'github', claims: 'me' }, '"claims" wants an object, found "me"'],
    [
      { issuer: 'github', claims: { iss: 'https://two.test', sub: 'me' } },
      'claims.iss is "https://two.test", and that of issuer "github" is "https://ci.test"',
    ],
    [{ iss: 'github' }, '"claims.sub" is missing: every token must have it'],
    [{ iss: 'github', sub: 7 }, '"sub" is no text'],
    [{ iss: 'github', sub: 'a\u202eb' }, 'invisible'],
    [{ issuer: 'staff' }, '"certificate" is missing: issuer "staff" speaks for certificates'],
    [{ issuer: 'staff', claims: { sub: 'me' } }, 'issuer "staff" speaks for certificates, which have no claims'],
    [{ issuer: 'staff', certificate: {} }, '"certificate.commonName" is missing'],
    [{ issuer: 'staff', certificate: { commonName: ['a'] } }, 'certificate.commonName wants text, found "[\\"a\\"]"'],
    [{ issuer: 'staff', certificate: { dns: 'a.test' } }, 'certificate.dns wants a list of texts, found "a.test"'],
    [{ issuer: 'staff', certificate: { commonName: 'a', fingerprint: 'AB:CD' } }, 'certificate.fingerprint wants'],
    [{ issuer: 'staff', certificate: { commonName: 'a', serial: '0a' } }, 'certificate.serial wants upper-case'],
  ])('is told what is wrong: %j', (value, message) => {
    expect(() => read(value)).toThrow(UsageError)
    expect(() => read(value)).toThrow(message)
    expect(() => read(value)).toThrow(/^claims\.json: [^\n]*$/)
  })

  it('is told that it is not JSON', () => {
    expect(() => readCaller('claims.json', '{"iss"', issuers)).toThrow(/^claims\.json: is not JSON: /)
  })

  it('is a wrong command line whatever is in it, never a crash', () => {
    const keys = fc.constantFrom('iss', 'issuer', 'claims', 'certificate', 'sub', 'commonName', 'dns', '__proto__')
    const leaf = fc.oneof(fc.jsonValue(), fc.constantFrom('github', 'staff', 'https://ci.test'))
    const some = fc.dictionary(keys, fc.oneof(leaf, fc.dictionary(keys, leaf)))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          some.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          try {
            expect(Object.keys(issuers)).toContain(readCaller('f', text, issuers).issuer)
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})
