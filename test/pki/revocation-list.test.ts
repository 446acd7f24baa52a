import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAuthority, loadAuthority } from '../../src/pki/authority.ts'
import { PkiError } from '../../src/pki/errors.ts'
import { type Revocation, readRevocationLists, serialOf } from '../../src/pki/revocation-list.ts'
import { makeTestCertificate } from '../support/certificates.ts'
import { temporaryFolder } from './folder.ts'

const authority = createAuthority()
const signer = new X509Certificate(authority.certificate)
const second = (time: number) => new Date(Math.floor(time / 1000) * 1000)
const now = second(Date.now())
const fields = { number: 1, revoked: new Map<string, Revocation>(), thisUpdate: now, nextUpdate: authority.notAfter }

const one = (pem: string | Buffer) => {
  const [list, ...more] = readRevocationLists(Buffer.from(pem))
  expect(more).toEqual([])
  if (list === undefined) throw new Error('no list')
  return list
}

/** A list that OpenSSL signs for an authority of its own, with what `index` says was revoked. */
function opensslList(revoked: readonly string[], settings = '', ...options: string[]) {
  const folder = temporaryFolder()
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const key = options.includes('rsa') ? 'rsa:2048' : 'ec'
  const curve = key === 'ec' ? ['-pkeyopt', 'ec_paramgen_curve:P-384'] : []
  openssl('req', '-x509', '-newkey', key, ...curve, '-nodes', '-subj', '/O=acme/CN=root', '-keyout', 'k', '-out', 'c')
  writeFileSync(at('index.txt'), revoked.map((line) => `${line}\tunknown\t/CN=x\n`).join(''))
  writeFileSync(at('number'), '00ABCDEF0123456789ABCDEF\n')
  const ca = 'database=index.txt\ncrlnumber=number\ndefault_md=sha384\ndefault_crl_days=30\ncrl_extensions=crl_ext'
  writeFileSync(at('conf'), `[ca]\ndefault_ca=a\n[a]\n${ca}\n[crl_ext]\nauthorityKeyIdentifier=keyid\n${settings}`)
  openssl('ca', '-config', 'conf', '-gencrl', '-keyfile', 'k', '-cert', 'c', '-out', 'crl.pem')
  openssl('crl', '-in', 'crl.pem', '-outform', 'DER', '-out', 'crl.der')
  const read = (name: string) => execFileSync('cat', [at(name)])
  return { certificate: new X509Certificate(read('c')), pem: read('crl.pem'), der: read('crl.der') }
}

const revokedIn2025 = (serial: string, reason = '') => `R\t301231235959Z\t250102030405Z${reason}\t${serial}`

describe('a revocation list of OpenSSL', () => {
  it.each(['ec', 'rsa'])('is read, and known as its %s authority’s and nobody else’s', (kind) => {
    const { certificate, pem } = opensslList(
      [revokedIn2025('01'), revokedIn2025('00FF00FF', ',keyCompromise'), revokedIn2025(`7F${'AB'.repeat(18)}`)],
      '',
      kind,
    )
    const list = one(pem)
    expect([...list.revoked]).toEqual([
      ['01', { at: new Date('2025-01-02T03:04:05Z'), reason: 'unspecified' }],
      ['00FF00FF', { at: new Date('2025-01-02T03:04:05Z'), reason: 'keyCompromise' }],
      [`7F${'AB'.repeat(18)}`, { at: new Date('2025-01-02T03:04:05Z'), reason: 'unspecified' }],
    ])
    expect(list.number).toBe(0x00abcdef0123456789abcdefn)
    expect((list.nextUpdate?.getTime() ?? 0) - list.thisUpdate.getTime()).toBe(30 * 86_400_000)
    expect([list.isOf(certificate), list.isOf(signer)]).toEqual([true, false])
  })

  it('is read when nothing is revoked', () => {
    expect(one(opensslList([]).pem).revoked.size).toBe(0)
  })

  it('is read in DER too, and several in one file', () => {
    const { pem, der } = opensslList([revokedIn2025('02')])
    expect(one(der).revoked.has('02')).toBe(true)
    const both = readRevocationLists(
      Buffer.concat([Buffer.from('text\n'), pem, Buffer.from(authority.revocationList(fields))]),
    )
    expect(both.map(({ revoked }) => revoked.size)).toEqual([1, 0])
  })

  it.each([
    [
      'of a distribution point',
      'issuingDistributionPoint=critical,@idp\n[idp]\nfullname=URI:http://x/y.crl',
      'distribution point',
    ],
    ['that is a delta', '2.5.29.27=critical,ASN1:INTEGER:1', 'delta'],
    ['with a critical extension that nobody knows', '1.2.3.4=critical,ASN1:INTEGER:1', '1.2.3.4'],
  ])('%s is refused: it would let pass what it does not speak of', (_what, settings, message) => {
    const { pem } = opensslList([], settings)
    expect(() => readRevocationLists(pem)).toThrow(message)
    expect(() => readRevocationLists(pem)).toThrow(PkiError)
  })

  it('of 3000 entries is read, which is more than the library takes by itself', () => {
    const revoked = new Map(
      Array.from({ length: 3000 }, (_, index) => [
        `4${index.toString(16).padStart(7, '0').toUpperCase()}`,
        { at: now, reason: 'superseded' as const },
      ]),
    )
    expect(one(authority.revocationList({ ...fields, revoked })).revoked).toEqual(revoked)
  })
})

describe('a revocation list of ours', () => {
  const revoked = new Map<string, Revocation>([
    ['00C0FFEE', { at: now, reason: 'keyCompromise' }],
    ['4A', { at: second(now.getTime() - 86_400_000), reason: 'unspecified' }],
  ])

  it.each(['p256', 'ed25519'] as const)('is one that OpenSSL verifies and reads: %s', (keyKind) => {
    const folder = temporaryFolder()
    const own = createAuthority({ keyKind })
    writeFileSync(join(folder, 'ca.pem'), own.certificate)
    writeFileSync(join(folder, 'crl.pem'), own.revocationList({ ...fields, number: 7, revoked }))
    const openssl = (...args: string[]) =>
      execFileSync('openssl', ['crl', '-in', 'crl.pem', ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
    const text = openssl('-CAfile', 'ca.pem', '-verify', '-noout', '-text')
    expect(text).toMatch(/Serial Number: (00)?C0FFEE/)
    expect(text).toContain('Key Compromise')
    expect(text).toMatch(/X509v3 CRL Number:\s+7/)
    expect(text).toMatch(/X509v3 Authority Key Identifier:/)
  })

  it('makes OpenSSL refuse what it names, and nothing else', () => {
    const folder = temporaryFolder()
    const leaf = authority.issueClient({ name: 'ops' }).certificate
    const verify = (...serials: readonly string[]) => {
      const entries = serials.map((serial) => [serial, { at: now, reason: 'unspecified' }] as const)
      writeFileSync(join(folder, 'ca.pem'), authority.certificate)
      writeFileSync(join(folder, 'leaf.pem'), leaf)
      writeFileSync(join(folder, 'crl.pem'), authority.revocationList({ ...fields, revoked: new Map(entries) }))
      const args = ['verify', '-crl_check', '-CAfile', 'ca.pem', '-CRLfile', 'crl.pem', 'leaf.pem']
      execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
    }
    expect(() => verify('4A')).not.toThrow()
    expect(() => verify('4A', serialOf(new X509Certificate(leaf)))).toThrow('certificate revoked')
  })

  it('reads back as it was made, whatever is revoked', () => {
    const serial = fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((bytes) => Buffer.from(bytes))
      // DER has no needless zeros in front (X.690 section 8.3.2), nor needless 0xFF.
      .filter(
        (bytes) =>
          bytes.length === 1 ||
          !((bytes[0] === 0 || bytes[0] === 0xff) && (bytes[0] & 0x80) === ((bytes[1] ?? 0) & 0x80)),
      )
      .map((bytes) => bytes.toString('hex').toUpperCase())
    const at = fc
      .date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
      .map((date) => second(date.getTime()))
    const reason = fc.constantFrom('unspecified', 'keyCompromise', 'cACompromise', 'superseded', 'privilegeWithdrawn')
    const entries = fc.array(fc.tuple(serial, fc.record({ at, reason })), { maxLength: 20 })
    fc.assert(
      fc.property(entries, fc.nat(), (pairs, number) => {
        const map = new Map(pairs) as Map<string, Revocation>
        const list = one(authority.revocationList({ ...fields, number, revoked: map }))
        expect(list.revoked).toEqual(map)
        expect(list.number).toBe(BigInt(number))
        expect(list.isOf(signer)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

describe('who may have signed a list', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
  const ca = (name: string, wish = {}) => makeTestCertificate({ subject: [{ CN: name }], ca: true, key, ...wish })
  const listOf = (made: { certificate: string; key: string }) =>
    one(loadAuthority(made.certificate, made.key).revocationList(fields))

  it('is an authority of that name and key', () => {
    expect(listOf(ca('root')).isOf(new X509Certificate(ca('root').certificate))).toBe(true)
  })

  it('T124 is no authority of another name with the same key, nor of the same name with another key', () => {
    const list = listOf(ca('root'))
    expect(list.isOf(new X509Certificate(ca('other').certificate))).toBe(false)
    const impostor = makeTestCertificate({ subject: [{ CN: 'root' }], ca: true })
    expect(list.isOf(new X509Certificate(impostor.certificate))).toBe(false)
  })

  it('T124 is no authority whose key is not for lists', () => {
    const limited = new X509Certificate(ca('root', { signsLists: false }).certificate)
    expect(listOf(ca('root')).isOf(limited)).toBe(false)
    expect(listOf(ca('root')).isOf(new X509Certificate(ca('root', { keyUsage: false }).certificate))).toBe(true)
  })
})

describe('what is no revocation list', () => {
  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['a certificate', authority.certificate],
    ['an empty block', '-----BEGIN X509 CRL-----\n-----END X509 CRL-----'],
    ['another structure', `-----BEGIN X509 CRL-----\n${signer.raw.toString('base64')}\n-----END X509 CRL-----`],
    ['too much', 'x'.repeat(4 * 1024 * 1024 + 1)],
  ])('such as %s is refused', (_what, content) => {
    expect(() => readRevocationLists(Buffer.from(content))).toThrow(PkiError)
  })

  it('T124 says nothing else in the name of its authority wherever a bit of it is another', () => {
    const revoked = new Map<string, Revocation>([['4A', { at: now, reason: 'keyCompromise' }]])
    const pem = authority.revocationList({ ...fields, revoked })
    const good = Buffer.from(pem.replace(/-----[^-]+-----|\n/g, ''), 'base64')
    fc.assert(
      fc.property(fc.nat({ max: good.length * 8 - 1 }), (bit) => {
        const broken = Buffer.from(good)
        broken.writeUInt8(broken.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        try {
          for (const list of readRevocationLists(broken)) if (list.isOf(signer)) expect(list.revoked).toEqual(revoked)
        } catch (error) {
          if (!(error instanceof PkiError)) throw error
        }
      }),
      { numRuns: 300 },
    )
  })

  it('is refused with an error of its own for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, der) => {
        try {
          readRevocationLists(Buffer.from(der ? [0x30, ...bytes] : bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(PkiError)
        }
      }),
    )
  })
})
