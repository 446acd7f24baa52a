import { execFileSync, spawnSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { createAuthority, loadAuthority } from '../../src/pki/authority.ts'
import { PkiError } from '../../src/pki/errors.ts'
import { createCertificateKey } from '../../src/pki/keys.ts'
import { serverName } from '../../src/pki/names.ts'
import { temporaryFolder } from './folder.ts'

const DAY = 24 * 60 * 60 * 1000
const authority = createAuthority()
const server = authority.issueServer({ names: ['localhost', '127.0.0.1', '::1', '*.acme.test'] })
const client = authority.issueClient({ name: 'ops' })

/** `openssl verify` with the strictest reading of RFC 5280; the status is 0 when the leaf is good for the purpose. */
function opensslVerify(leaf: string, ...options: string[]): number | null {
  const folder = temporaryFolder()
  const [ca, file] = [join(folder, 'ca.pem'), join(folder, 'leaf.pem')]
  writeFileSync(ca, authority.certificate)
  writeFileSync(file, leaf)
  return spawnSync('openssl', ['verify', '-x509_strict', '-CAfile', ca, ...options, file]).status
}

function opensslText(pem: string): string {
  return execFileSync('openssl', ['x509', '-noout', '-text'], { input: pem, encoding: 'utf8' })
}

async function handshake(offered: { cert: string; key: string } | null): Promise<tls.TLSSocket> {
  const listener = tls.createServer({
    cert: server.certificate,
    key: server.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  const { port } = listener.address() as AddressInfo
  const socket = tls.connect({ port, host: '127.0.0.1', ca: authority.certificate, ...offered })
  onTestFinished(() => void socket.destroy())
  const [accepted] = (await once(listener, 'secureConnection')) as [tls.TLSSocket]
  onTestFinished(() => void accepted.destroy())
  if (!socket.authorized) await once(socket, 'secureConnect')
  expect(socket.authorized).toBe(true)
  return accepted
}

it.each([
  ['-verify_hostname', 'localhost'],
  ['-verify_hostname', 'gate.acme.test'],
  ['-verify_ip', '127.0.0.1'],
  ['-verify_ip', '::1'],
])('issues a server certificate that OpenSSL accepts with %s %s', (option, name) => {
  expect(opensslVerify(server.certificate, '-purpose', 'sslserver', option, name)).toBe(0)
})

it('issues a server certificate that OpenSSL refuses for a name that it does not have', () => {
  expect(opensslVerify(server.certificate, '-purpose', 'sslserver', '-verify_hostname', 'other.test')).not.toBe(0)
})

it('issues a client certificate that OpenSSL accepts for a client', () => {
  expect(opensslVerify(client.certificate, '-purpose', 'sslclient')).toBe(0)
})

it.each([
  ['a server certificate for a client', server.certificate, 'sslclient'],
  ['a client certificate for a server', client.certificate, 'sslserver'],
])('OpenSSL refuses %s', (_what, leaf, purpose) => {
  expect(opensslVerify(leaf, '-purpose', purpose)).not.toBe(0)
})

it('OpenSSL refuses a certificate of another authority', () => {
  expect(opensslVerify(createAuthority().issueClient({ name: 'ops' }).certificate)).not.toBe(0)
})

it('OpenSSL refuses a leaf that poses as an authority', () => {
  const posing = loadAuthorityUnchecked(client.certificate, client.key)
  expect(posing).toThrow('not one of a certificate authority')
})

it('proves both sides of a TLS connection in Node', async () => {
  const accepted = await handshake({ cert: client.certificate, key: client.key })
  expect(accepted.authorized).toBe(true)
  expect(accepted.getPeerX509Certificate()?.subject).toBe('CN=ops')
})

it('does not prove a client that shows a server certificate', async () => {
  const accepted = await handshake({ cert: server.certificate, key: server.key })
  expect(accepted.authorized).toBe(false)
  expect(String(accepted.authorizationError)).toBe('INVALID_PURPOSE')
})

it('does not prove a client whose certificate has expired', async () => {
  const expired = authority.issueClient({ name: 'ops', days: 1, notBefore: new Date(Date.now() - 2 * DAY) })
  const accepted = await handshake({ cert: expired.certificate, key: expired.key })
  expect(String(accepted.authorizationError)).toBe('CERT_HAS_EXPIRED')
})

it('marks the authority as one that signs leaves only', () => {
  const text = opensslText(authority.certificate)
  expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/)
  expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/)
  expect(text).toContain('ecdsa-with-SHA256')
})

it('ties the leaf to the authority by key identifier', () => {
  const own = /Subject Key Identifier:\s+([0-9A-F:]+)/.exec(opensslText(authority.certificate))?.[1]
  const theirs = /Authority Key Identifier:\s+([0-9A-F:]+)/.exec(opensslText(server.certificate))?.[1]
  expect(own).toHaveLength(59)
  expect(theirs).toBe(own)
})

it('lets the authority live ten years and leaves 397 days', () => {
  const life = (pem: string) => {
    const { validFrom, validTo } = new X509Certificate(pem)
    return (Date.parse(validTo) - Date.parse(validFrom)) / DAY
  }
  expect([authority.certificate, server.certificate, client.certificate].map(life)).toEqual([3650, 397, 397])
})

it('never lets a leaf outlive the authority', () => {
  const short = createAuthority({ days: 3 })
  expect(short.issueClient({ name: 'ops' }).notAfter).toEqual(short.notAfter)
})

it('refuses to issue from an authority that has expired', () => {
  const past = createAuthority({ days: 1, notBefore: new Date(Date.now() - 2 * DAY) })
  expect(() => past.issueClient({ name: 'ops' })).toThrow(/authority's certificate ended on/)
})

it('gives every certificate a positive serial number of 128 bits of its own', () => {
  const serials = Array.from({ length: 50 }, () => new X509Certificate(createAuthority().certificate).serialNumber)
  expect(new Set(serials).size).toBe(50)
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
})

it('certifies an existing key again', () => {
  const again = authority.issueServer({ names: ['localhost'], key: server.key })
  expect(again.key).toBe(server.key)
  expect(new X509Certificate(again.certificate).checkPrivateKey(createPrivateKey(server.key))).toBe(true)
})

it('gives two authorities different names', () => {
  expect(new X509Certificate(createAuthority().certificate).subject).not.toBe(
    new X509Certificate(authority.certificate).subject,
  )
})

it('issues from an authority that was stored and read again', () => {
  const read = loadAuthority(authority.certificate, authority.key)
  expect(opensslVerify(read.issueClient({ name: 'ops' }).certificate, '-purpose', 'sslclient')).toBe(0)
})

it('issues from an authority that OpenSSL made', () => {
  const folder = temporaryFolder()
  const [key, cert] = [join(folder, 'k.pem'), join(folder, 'c.pem')]
  const make =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /O=acme/CN=root -days 30 -addext keyUsage=critical,keyCertSign'
  execFileSync('openssl', [...make.split(' '), '-keyout', key, '-out', cert], { stdio: 'pipe' })
  const text = (file: string) => execFileSync('cat', [file], { encoding: 'utf8' })
  const leaf = loadAuthority(text(cert), text(key)).issueServer({ names: ['localhost'] })
  writeFileSync(join(folder, 'leaf.pem'), leaf.certificate)
  const verify = ['verify', '-x509_strict', '-CAfile', cert, '-verify_hostname', 'localhost', join(folder, 'leaf.pem')]
  expect(spawnSync('openssl', verify).status).toBe(0)
})

const loadAuthorityUnchecked = (certificate: string, key: string) => () => loadAuthority(certificate, key)

it.each([
  ['a foreign key', authority.certificate, createCertificateKey(), 'does not belong to its certificate'],
  ['no certificate', 'hello', authority.key, 'not a certificate in PEM'],
  ['no key', authority.certificate, 'hello', 'not a private key in PEM'],
])('refuses to load an authority with %s', (_what, certificate, key, message) => {
  expect(loadAuthorityUnchecked(certificate, key)).toThrow(message)
})

it('refuses a key of another kind', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  expect(() => createAuthority({ key: rsa.toString() })).toThrow('not a P-256 or Ed25519 key')
})

it.each([
  '',
  ' ',
  'a b',
  'a\0b',
  '-a.test',
  'a-.test',
  'a..b',
  '.a',
  'a.',
  '*',
  '*.',
  'a.*.b',
  `${'a'.repeat(64)}.b`,
  'fe80::1%eth0',
  'ä.test',
  'localhost:2376',
])('refuses %j as the name of a server', (name) => {
  expect(() => authority.issueServer({ names: [name] })).toThrow(PkiError)
})

it.each(['', ' ops', 'a\0b', 'a\nb', 'a\u202eb', 'x'.repeat(65)])('refuses %j as the name of a client', (name) => {
  expect(() => authority.issueClient({ name })).toThrow(PkiError)
})

it.each([0, -1, 1.5, Number.NaN, 3651])('refuses a life of %d days', (days) => {
  expect(() => authority.issueClient({ name: 'ops', days })).toThrow(PkiError)
})

it('refuses a server certificate without names', () => {
  expect(() => authority.issueServer({ names: [] })).toThrow(PkiError)
})

it('writes a common name as it is, whatever it has of separators', () => {
  const name = 'ops,O=acme+CN=root\\'
  const subject = new X509Certificate(authority.issueClient({ name }).certificate).toLegacyObject().subject
  expect(subject).toEqual(Object.assign(Object.create(null), { CN: name }))
})

it('reads any IPv6 address to the sixteen bytes that it stands for', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const { certificate } = authority.issueServer({ names: [address] })
      expect(new X509Certificate(certificate).checkIP(address)).toBeDefined()
    }),
    { numRuns: 50 },
  )
})

it('reads any text as a server name or refuses it with its own error', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        serverName(text)
      } catch (error) {
        expect(error).toBeInstanceOf(PkiError)
      }
    }),
  )
})
