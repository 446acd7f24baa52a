import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Authority, createAuthority } from '../../src/pki/authority.ts'
import { certificateFor, createWorkspace } from './workspace.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

beforeAll(() => {
  const made = certificateFor()
  workspace.write('server.crt', made.certificate, 0o644)
  workspace.write('server.key', made.key)
  workspace.write('other.key', certificateFor().key)
  workspace.write('text.pem', 'no PEM at all')
  workspace.write('broken.crt', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  workspace.write('large.pem', 'x'.repeat(1024 * 1024 + 1))
  mkdirSync(join(workspace.directory, 'folder'))
  symlinkSync('loop', join(workspace.directory, 'loop'))
})

const listener = (files: { certificate?: string; key?: string; clientAuthorities?: string }) => {
  const { certificate = 'server.crt', key = 'server.key', clientAuthorities } = files
  const clients = clientAuthorities === undefined ? '' : `, clientAuthorities: ${clientAuthorities}`
  return { 2: `  - {address: 127.0.0.1:1, tls: {certificate: ${certificate}, key: ${key}${clients}}}` }
}

const issuer = (source: string) => ({ 4: `  local: {jwt: {issuer: local, audience: a, ${source}}}` })

describe.each(['certificate', 'key', 'clientAuthorities'] as const)('the file of %s', (name) => {
  it.each([
    ['none.pem', 'does not exist'],
    ['server.crt/x', 'does not exist: a part of its path is not a directory'],
    ['folder', 'is a directory, not a file'],
    ['loop', 'is a symbolic link that leads back to itself'],
    ['large.pem', 'is larger than 1 MiB'],
    ['text.pem', 'holds no '],
  ])('is told with its line when it is %s', (file, message) => {
    const [problem, ...more] = workspace.problemsWith(listener({ [name]: file }))
    expect(problem).toMatch(new RegExp(`^dockgate\\.yaml:2:\\d+: listeners\\[0\\]\\.tls\\.${name}: `))
    expect(problem).toContain(`: ${file} ${message}`)
    expect(more).toEqual([])
  })
})

describe('the server certificate', () => {
  it('is taken when it is valid and its key fits', () => {
    expect(workspace.loadWith(listener({})).warnings).toEqual([])
  })

  it('T130 is refused when it is no certificate inside', () => {
    expect(workspace.problemsWith(listener({ certificate: 'broken.crt' }))).toEqual([
      'dockgate.yaml:2:47: listeners[0].tls.certificate: broken.crt holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)',
    ])
  })

  it('is refused when it has expired', () => {
    const made = certificateFor({ from: -10, to: -1 })
    workspace.write('expired.crt', made.certificate)
    workspace.write('expired.key', made.key)
    expect(workspace.problemsWith(listener({ certificate: 'expired.crt', key: 'expired.key' }))).toEqual([
      expect.stringMatching(
        /^dockgate\.yaml:2:47: listeners\[0\]\.tls\.certificate: expired\.crt expired on \d{4}-\d\d-\d\d: renew it$/,
      ),
    ])
  })

  it('is refused when it is not valid yet', () => {
    const made = certificateFor({ from: 1, to: 10 })
    workspace.write('early.crt', made.certificate)
    workspace.write('early.key', made.key)
    expect(workspace.problemsWith(listener({ certificate: 'early.crt', key: 'early.key' }))).toEqual([
      expect.stringMatching(/certificate: early\.crt is not valid before \d{4}-\d\d-\d\d$/),
    ])
  })

  it('is warned of in its last 30 days', () => {
    const made = certificateFor({ to: 20.5 })
    workspace.write('late.crt', made.certificate)
    workspace.write('late.key', made.key)
    expect(workspace.warningsWith(listener({ certificate: 'late.crt', key: 'late.key' }))).toEqual([
      expect.stringMatching(
        /^2:47: listeners\[0\]\.tls\.certificate: late\.crt expires on \d{4}-\d\d-\d\d, in 20 days: renew it$/,
      ),
    ])
  })

  it('is the first one of a chain', () => {
    const made = certificateFor()
    workspace.write('chain.crt', `leaf\n${made.certificate}\n${certificateFor({ to: 3 }).certificate}`)
    workspace.write('chain.key', made.key)
    expect(workspace.loadWith(listener({ certificate: 'chain.crt', key: 'chain.key' })).warnings).toEqual([])
  })
})

describe('the private key', () => {
  it('is refused when it is the key of another certificate', () => {
    expect(workspace.problemsWith(listener({ key: 'other.key' }))).toEqual([
      'dockgate.yaml:2:64: listeners[0].tls.key: other.key is not the key of server.crt',
    ])
  })

  it('is refused when it is encrypted', () => {
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' },
    })
    workspace.write('locked.key', privateKey)
    expect(workspace.problemsWith(listener({ key: 'locked.key' }))).toEqual([
      'dockgate.yaml:2:64: listeners[0].tls.key: locked.key is encrypted, and there is nobody to ask for the passphrase',
    ])
  })

  it.each([0o644, 0o640, 0o604, 0o620, 0o602, 0o666])('T131 is refused when its mode is %o', (mode) => {
    workspace.write('open.key', certificateFor().key)
    chmodSync(join(workspace.directory, 'open.key'), mode)
    const octal = `0${mode.toString(8)}`
    expect(workspace.problemsWith(listener({ key: 'open.key' }))).toContain(
      `dockgate.yaml:2:64: listeners[0].tls.key: open.key may be read or written by others than its owner (mode ${octal}): chmod 600 open.key`,
    )
  })

  it('T131 is judged by the mode of the file that a link leads to', () => {
    workspace.write('linked.key', certificateFor().key, 0o644)
    symlinkSync('linked.key', join(workspace.directory, 'link.key'))
    expect(workspace.problemsWith(listener({ key: 'link.key' })).join()).toContain('(mode 0644): chmod 600 link.key')
  })

  it.each([0o600, 0o400])('is taken when its mode is %o', (mode) => {
    const made = certificateFor()
    workspace.write('closed.crt', made.certificate)
    workspace.write('closed.key', made.key)
    chmodSync(join(workspace.directory, 'closed.key'), mode)
    expect(workspace.problemsWith(listener({ certificate: 'closed.crt', key: 'closed.key' }))).toEqual([])
    chmodSync(join(workspace.directory, 'closed.key'), 0o600)
  })
})

describe('authorities', () => {
  it('are refused when all of them have expired', () => {
    workspace.write('old.crt', certificateFor({ from: -10, to: -1 }).certificate)
    expect(workspace.problemsWith(listener({ clientAuthorities: 'old.crt' }))).toEqual([
      expect.stringContaining(
        'listeners[0].tls.clientAuthorities: every certificate in old.crt has expired: renew them',
      ),
    ])
  })

  it('are warned of when one of them has expired, or is none', () => {
    const bundle = [certificateFor(), certificateFor({ from: -9, to: -1 })].map(({ certificate }) => certificate)
    workspace.write('bundle.crt', bundle.join('\n'))
    workspace.write('leaf.crt', certificateFor({}, false).certificate)
    expect(workspace.warningsWith(listener({ clientAuthorities: 'bundle.crt' })).join('\n')).toContain(
      'listeners[0].tls.clientAuthorities: a certificate in bundle.crt has expired',
    )
    expect(workspace.warningsWith(listener({ clientAuthorities: 'leaf.crt' })).join('\n')).toContain(
      'a certificate in leaf.crt is no authority (CA:TRUE is missing), so it vouches for nobody',
    )
  })

  it('of an issuer are read as well', () => {
    expect(workspace.problemsWith({ 4: '  local: {certificate: {authorities: none.crt}}' })).toEqual([
      'dockgate.yaml:4:38: issuers.local.certificate.authorities: none.crt does not exist',
    ])
  })
})

describe('the keys of a token issuer', () => {
  const rsa = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits })
  const spki = { type: 'spki', format: 'pem' } as const

  it.each([
    ['a file that is not there', 'publicKey: none.pub', 'publicKey: none.pub does not exist'],
    [
      'text that is no key',
      'publicKey: text.pem',
      'publicKey: text.pem holds no public key in PEM form (-----BEGIN PUBLIC KEY-----)',
    ],
    [
      'a private key',
      'publicKey: server.key',
      'publicKey: server.key holds a private key: a gate that only verifies must not have it; openssl pkey -in server.key -pubout',
    ],
    ['a JWKS file that is not there', 'jwksFile: none.json', 'jwksFile: none.json does not exist'],
    [
      'a JWKS file that is no JSON',
      'jwksFile: text.pem',
      'jwksFile: text.pem is no JWK Set: wants {"keys": [ … ]} with at least one key (RFC 7517)',
    ],
  ])('are refused when they are %s', (_what, source, message) => {
    expect(workspace.problemsWith(issuer(source))).toEqual([
      expect.stringMatching(/^dockgate\.yaml:4:\d+: issuers\.local\.jwt\./),
    ])
    expect(workspace.problemsWith(issuer(source))[0]).toContain(message)
  })

  it('are refused when they are short RSA keys', () => {
    workspace.write('short.pub', rsa(1024).publicKey.export(spki).toString())
    expect(workspace.problemsWith(issuer('publicKey: short.pub'))[0]).toContain(
      'short.pub holds an RSA key of 1024 bits: at least 2048',
    )
  })

  it('are taken when they are 2048 bits', () => {
    workspace.write('rsa.pub', rsa(2048).publicKey.export(spki).toString())
    expect(workspace.problemsWith(issuer('publicKey: rsa.pub'))).toEqual([])
  })

  it.each(['null', '[]', '{}', '{"keys": {}}', '{"keys": []}', '{"keys": [null]}'])(
    'are refused when the JWK Set is %s',
    (json) => {
      workspace.write('set.json', json)
      expect(workspace.problemsWith(issuer('jwksFile: set.json'))[0]).toContain('set.json is no JWK Set')
    },
  )

  it('T120 are refused when the JWK Set holds a private or shared key', () => {
    for (const key of [rsa(2048).privateKey.export({ format: 'jwk' }), { kty: 'oct', k: 'AAAA' }]) {
      workspace.write('set.json', JSON.stringify({ keys: [key] }))
      expect(workspace.problemsWith(issuer('jwksFile: set.json'))[0]).toContain(
        'set.json holds a private or shared key: leave only the public keys in it',
      )
    }
  })

  it('are taken from a JWK Set of public keys', () => {
    workspace.write('set.json', JSON.stringify({ keys: [rsa(2048).publicKey.export({ format: 'jwk' })] }))
    expect(workspace.problemsWith(issuer('jwksFile: set.json'))).toEqual([])
  })
})

describe('the admin socket', () => {
  const admin = (value: string) =>
    workspace.problemsWith({ 1: `admin: ${value}\nengine: unix:///run/d.sock\nlisteners:` })

  it('is relative to the file', () => {
    const { config } = workspace.loadWith({ 1: 'admin: {socket: admin.sock}\nlisteners:' })
    expect(config.admin).toEqual({ socket: join(workspace.directory, 'admin.sock') })
  })

  it.each([
    ['{}', /^dockgate\.yaml:1:\d+: admin.*socket/],
    ['{socket: a.sock, mode: "0666"}', /admin\.mode: unknown key/],
    ['{socket: /run/d.sock}', /admin\.socket: is the socket of the engine/],
    [`{socket: /${'x'.repeat(107)}}`, /admin\.socket: .* at most 107 bytes/],
  ])('is refused as %s', (value, message) => {
    expect(admin(value)).toEqual([expect.stringMatching(message)])
  })

  it('is no listener', () => {
    const listener = '  - address: unix:///run/gate.sock'
    expect(workspace.problemsWith({ 1: 'admin: {socket: /run/gate.sock}\nlisteners:', 2: listener })).toEqual([
      expect.stringContaining('is the address of a listener'),
    ])
  })
})

describe('the file of records', () => {
  it('may be new in a directory that exists, and nowhere else', () => {
    const records = (file: string) => workspace.problemsWith({ 1: `records: {file: ${file}}\nlisteners:` })
    expect(records('folder/new.jsonl')).toEqual([])
    expect(records('nowhere/new.jsonl')).toEqual([
      expect.stringMatching(/^dockgate\.yaml:1:17: records\.file: the directory nowhere does not exist: mkdir it$/),
    ])
    expect(records('folder')).toEqual([expect.stringMatching(/records\.file: folder is a directory$/)])
  })
})

describe('what a certificate issuer names', () => {
  const own = createAuthority({ name: 'own' })
  const other = createAuthority({ name: 'other' })
  const listOf = (authority: Authority, nextUpdate = authority.notAfter) =>
    authority.revocationList({ number: 1, revoked: new Map(), thisUpdate: new Date(), nextUpdate })
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)
  const issuerWith = (settings: string) => ({ 4: `  local: {certificate: {${settings}}}` })

  beforeAll(() => {
    workspace.write('own.pem', own.certificate)
    workspace.write('other.pem', other.certificate)
    workspace.write('own.crl', listOf(own))
    mkdirSync(join(workspace.directory, 'crls'))
    workspace.write('crls/own.crl', listOf(own))
    workspace.write('crls/other.crl', listOf(other))
    workspace.write('crls/.hidden', 'no list')
    mkdirSync(join(workspace.directory, 'mixed'))
    workspace.write('mixed/readme.txt', 'no list')
  })

  const crlWarnings = (settings: string) =>
    workspace.warningsWith(issuerWith(settings)).filter((warning) => warning.includes('.crl: '))

  it.each([
    'authorities: own.pem, crl: own.crl',
    'authorities: [own.pem, other.pem], crl: crls',
    'authorities: [own.pem], crl: [own.crl, crls]',
  ])('is taken: %s', (settings) => {
    expect(workspace.problemsWith(issuerWith(settings))).toEqual([])
    expect(crlWarnings(settings)).toEqual([])
  })

  it('has paths that are absolute when it is loaded', () => {
    const { config } = workspace.loadWith(issuerWith('authorities: [own.pem, other.pem], crl: crls'))
    const at = (name: string) => join(workspace.directory, name)
    expect(config.issuers.local?.certificate).toMatchObject({
      authorities: [at('own.pem'), at('other.pem')],
      crl: [at('crls')],
    })
  })

  it.each([
    ['a list that is not there', 'own.pem, crl: none.crl', 'certificate.crl: none.crl does not exist'],
    ['a certificate', 'own.pem, crl: own.pem', 'certificate.crl: own.pem holds no revocation list'],
    [
      'a folder with something else',
      'own.pem, crl: mixed',
      'certificate.crl: mixed/readme.txt holds no revocation list',
    ],
    ['a second authority that is not there', '[own.pem, none.pem]', 'certificate.authorities[1]: none.pem does not'],
  ])('is refused when it is %s', (_what, settings, message) => {
    const [problem, ...more] = workspace.problemsWith(issuerWith(`authorities: ${settings}`))
    expect([problem, more]).toEqual([expect.stringMatching(/^dockgate\.yaml:4:\d+: issuers\.local\./), []])
    expect(problem).toContain(message)
  })

  it('is warned of when an authority has no list, one that has run out, or one that will soon', () => {
    expect(crlWarnings('authorities: [own.pem, other.pem], crl: own.crl')).toEqual([
      expect.stringContaining('no revocation list of "CN=other" is there, so its certificates are refused'),
    ])
    workspace.write('past.crl', listOf(own, inDays(-1)))
    expect(crlWarnings('authorities: own.pem, crl: past.crl')).toEqual([
      expect.stringMatching(/a newer revocation list of "CN=own" was due on \S+: its certificates are refused$/),
    ])
    workspace.write('late.crl', listOf(own, inDays(2)))
    expect(crlWarnings('authorities: own.pem, crl: late.crl')).toEqual([
      expect.stringMatching(/the revocation list of "CN=own" runs out on \S+$/),
    ])
  })

  it.each([
    ['depth: 9', 'depth: must be at most 8'],
    ['depth: -1', 'depth: must be at least 0'],
    ['pins: [abc]', 'is no pin: wants the SHA-256'],
    ['subject: {CM: x}', 'unknown key "CM"'],
    ['subject: {CN: 7}', 'wants a pattern or a list of patterns'],
    ['san: {ip: 10.0.0.1}', 'unknown key "ip"'],
    ['spiffe: "spiffe://acme.example"', 'is no trust domain'],
    ['spiffe: ACME.example', 'is no trust domain'],
    ['crl: []', 'must have at least one entry'],
  ])('is refused with the way out: %s', (setting, message) => {
    expect(workspace.problemsWith(issuerWith(`authorities: own.pem, ${setting}`))).toEqual([
      expect.stringContaining(message),
    ])
  })
})
