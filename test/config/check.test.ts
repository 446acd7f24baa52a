import { afterAll, describe, expect, it } from 'vitest'
import { certificateFor, createWorkspace } from './workspace.ts'

const workspace = createWorkspace()
afterAll(() => workspace.remove())

const made = certificateFor()
workspace.write('server.crt', made.certificate)
workspace.write('server.key', made.key)
const TLS = 'tls: {certificate: server.crt, key: server.key'

type Case = [what: string, lines: Record<number, string>, message: string]

describe('listeners', () => {
  it.each<Case>([
    [
      'an address without a port',
      { 2: '  - address: 127.0.0.1' },
      '2:14: listeners[0].address: "127.0.0.1" is no address: wants host:port, [IPv6]:port, unix:///absolute/path (at most 107 bytes) or fd://NAME of a socket of systemd',
    ],
    [
      'an address as the docker client writes it',
      { 2: '  - address: tcp://127.0.0.1:1' },
      '2:14: listeners[0].address: "tcp://127.0.0.1:1" is no address',
    ],
    [
      'TLS on a unix socket',
      { 2: `  - {address: "unix:///run/d.sock", ${TLS}}}` },
      '2:37: listeners[0].tls: a unix socket takes no TLS; remove it',
    ],
    [
      'a mode on TCP',
      { 2: '  - {address: 127.0.0.1:1, mode: "0660"}' },
      '2:28: listeners[0].mode: only a unix socket has a mode; remove it',
    ],
    [
      'a group on TCP',
      { 2: '  - {address: 127.0.0.1:1, group: docker}' },
      '2:28: listeners[0].group: only a unix socket has a group; remove it',
    ],
    [
      'a socket of systemd without a name',
      { 2: '  - address: fd://' },
      '2:14: listeners[0].address: "fd://" is no address: wants host:port',
    ],
    [
      'a mode on a socket of systemd',
      { 2: '  - {address: "fd://gate", mode: "0660"}' },
      '2:28: listeners[0].mode: is SocketMode= of the .socket unit; remove it here',
    ],
    [
      'a group on a socket of systemd',
      { 2: '  - {address: "fd://gate", group: docker}' },
      '2:28: listeners[0].group: is SocketGroup= of the .socket unit; remove it here',
    ],
    [
      'a target longer than the head',
      { 2: '  - {address: 127.0.0.1:1, limits: {headerBytes: 8KiB}}' },
      '2:36: listeners[0].limits: targetBytes is larger than headerBytes, of which the target is a part',
    ],
    [
      'required client certificates that nothing can verify',
      { 2: `  - {address: 127.0.0.1:1, ${TLS}, clientCertificates: required}}` },
      '2:96: listeners[0].tls.clientCertificates: no client certificate could be verified; add clientAuthorities',
    ],
    [
      'optional client certificates that nothing can verify',
      { 2: `  - {address: 127.0.0.1:1, ${TLS}, clientCertificates: optional}}` },
      'listeners[0].tls.clientCertificates: no client certificate could be verified',
    ],
    [
      'a name twice',
      { 2: '  - {name: main, address: 127.0.0.1:1}\n  - {name: main, address: 127.0.0.1:2}' },
      '3:5: listeners[1]: listeners[0] has the name "main" already; give this one another "name"',
    ],
    [
      'an address twice',
      { 2: '  - {name: a, address: 127.0.0.1:1}\n  - {name: b, address: 127.0.0.1:1}' },
      '3:24: listeners[1].address: listeners[0] listens there already; remove one of them',
    ],
  ])('refuses %s', (_what, lines, message) => {
    expect(workspace.problemsWith(lines).join('\n')).toContain(message)
  })

  it.each([
    '0.0.0.0:2375',
    '"[::]:2375"',
    '10.0.0.5:2375',
    'docker.acme.io:2375',
    '"[fe80::1]:2375"',
    'localhost.acme.io:1',
  ])('T131 refuses plain TCP on %s, and names the way out', (address) => {
    const [problem] = workspace.problemsWith({ 2: `  - address: ${address}` })
    expect(problem).toMatch(/^dockgate\.yaml:2:14: listeners\[0\]\.address: plain TCP on /)
    expect(problem).toMatch(/add tls: \{certificate, key\}, or bind 127\.0\.0\.1 or a unix socket$/)
  })

  it.each(['127.0.0.1:2375', '127.8.8.8:1', '"[::1]:2375"', 'localhost:0', 'unix:///run/dockgate.sock'])(
    'T131 takes %s without TLS',
    (address) => {
      expect(workspace.problemsWith({ 2: `  - address: ${address}` })).toEqual([])
    },
  )

  it('takes TCP on every address with TLS', () => {
    expect(workspace.problemsWith({ 2: `  - {address: "[::]:2376", ${TLS}}}` })).toEqual([])
  })

  it('asks for client certificates once it knows who signs them, and not before', () => {
    const { config } = workspace.loadWith({
      2: `  - {address: 127.0.0.1:1, ${TLS}}}\n  - {address: 127.0.0.1:2, ${TLS}, clientAuthorities: server.crt}}`,
    })
    expect(config.listeners.map(({ tls }) => tls?.clientCertificates)).toEqual(['none', 'optional'])
  })

  it('warns of authorities that nothing asks', () => {
    const line = `  - {address: 127.0.0.1:1, ${TLS}, clientAuthorities: server.crt, clientCertificates: none}}`
    expect(workspace.warningsWith({ 2: line })).toEqual([
      '2:76: listeners[0].tls.clientAuthorities: not used while clientCertificates is none',
    ])
  })

  it('takes several listeners on port 0, if they have names', () => {
    expect(
      workspace.problemsWith({ 2: '  - {name: a, address: 127.0.0.1:0}\n  - {name: b, address: 127.0.0.1:0}' }),
    ).toEqual([])
  })
})

describe('a header for tokens', () => {
  it.each(['X-Dockgate-Token', 'x-token', 'X-Vault-JWT'])('may be %s', (header) => {
    const line = `  - {address: 127.0.0.1:1, tokenHeader: ${header}}`
    expect(workspace.loadWith({ 2: line }).config.listeners[0]?.tokenHeader).toBe(header)
  })

  it.each(['Authorization', 'Host', 'X-Registry-Auth', 'x-meta-a', 'X-Forwarded-For', 'X-', 'X-A B', '"X-A:"', '""'])(
    'is not %s, which is something else or no name',
    (header) => {
      const [problem] = workspace.problemsWith({ 2: `  - {address: 127.0.0.1:1, tokenHeader: ${header}}` })
      expect(problem).toMatch(
        /^dockgate\.yaml:2:41: listeners\[0\]\.tokenHeader: ".*" is no header for tokens: wants one/,
      )
    },
  )
})

describe('the engine', () => {
  it.each(['tcp://127.0.0.1:2375', 'unix://var/run/docker.sock', '/var/run/docker.sock', '""'])(
    'is not %s',
    (engine) => {
      expect(workspace.problemsWith({ 3: `engine: ${engine}\nissuers:` })).toEqual([
        expect.stringMatching(/^dockgate\.yaml:3:9: engine: ".*" is no unix socket: wants unix:\/\/\/absolute\/path/),
      ])
    },
  )
})

describe('issuers', () => {
  it.each<Case>([
    [
      'neither jwt nor certificate',
      { 4: '  local: {}' },
      '4:3: issuers.local: wants exactly one of jwt and certificate',
    ],
    [
      'both jwt and certificate',
      { 4: '  local: {jwt: {issuer: a, audience: b, publicKey: local.pub}, certificate: {authorities: server.crt}}' },
      '4:3: issuers.local: wants exactly one of jwt and certificate',
    ],
    [
      'keys from two places',
      { 4: '  local: {jwt: {issuer: a, audience: b, publicKey: local.pub, jwksUri: https://a.example/jwks}}' },
      '4:41: issuers.local.jwt.publicKey: jwksUri is given already: at most one of jwksUri, jwksFile and publicKey',
    ],
    [
      'an issuer that is no URL, and no keys',
      { 4: '  local: {jwt: {issuer: local, audience: b}}' },
      '4:25: issuers.local.jwt.issuer: the keys are found by OIDC discovery below this URL: "local" is no URL; write https://…, or give the keys with jwksUri, jwksFile or publicKey',
    ],
    [
      'discovery over plain HTTP',
      { 4: '  local: {jwt: {issuer: "http://id.acme.io", audience: b}}' },
      '"http://id.acme.io" is not https; http is taken for 127.0.0.1, ::1 and localhost only',
    ],
    [
      'a JWKS URL over plain HTTP',
      { 4: '  local: {jwt: {issuer: a, audience: b, jwksUri: "http://id.acme.io/jwks"}}' },
      '4:50: issuers.local.jwt.jwksUri: "http://id.acme.io/jwks" is not https',
    ],
    [
      'a JWKS URL of another kind',
      { 4: '  local: {jwt: {issuer: a, audience: b, jwksUri: "file:///etc/keys"}}' },
      '4:50: issuers.local.jwt.jwksUri: "file:///etc/keys" is not https',
    ],
    [
      'a JWKS URL that is none',
      { 4: '  local: {jwt: {issuer: a, audience: b, jwksUri: keys}}' },
      '4:50: issuers.local.jwt.jwksUri: "keys" is no URL',
    ],
    [
      'a password in a URL',
      { 4: '  local: {jwt: {issuer: a, audience: b, jwksUri: "https://u:hush@id.acme.io/jwks"}}' },
      '4:50: issuers.local.jwt.jwksUri: a URL with a user name or password is not taken',
    ],
    [
      'an iss that another issuer has',
      {
        4: '  local: {jwt: {issuer: a, audience: b, publicKey: local.pub}}\n  other: {jwt: {issuer: a, audience: c, publicKey: local.pub}}',
      },
      '5:25: issuers.other.jwt.issuer: issuers.local has the same "issuer": which of them a token means would be left to chance; keep one, list all its audiences there',
    ],
    [
      'a password in the URL of a proxy',
      { 4: '  local: {jwt: {issuer: "https://id.acme.io", audience: b, proxy: "http://u:hush@proxy:3128"}}' },
      '4:67: issuers.local.jwt.proxy: a URL with a user name or password is not taken',
    ],
    [
      'a proxy that speaks something else',
      { 4: '  local: {jwt: {issuer: "https://id.acme.io", audience: b, proxy: "socks5://proxy:1080"}}' },
      '4:67: issuers.local.jwt.proxy: "socks5://proxy:1080" is neither http nor https',
    ],
    [
      'a proxy with a path',
      { 4: '  local: {jwt: {issuer: "https://id.acme.io", audience: b, proxy: "http://proxy:3128/pac"}}' },
      'issuers.local.jwt.proxy: "http://proxy:3128/pac" has more than a scheme, a host and a port; remove the rest',
    ],
    [
      'authorities for keys that are not fetched',
      { 4: '  local: {jwt: {issuer: a, audience: b, publicKey: local.pub, ca: server.crt}}' },
      '4:67: issuers.local.jwt.ca: has no use with publicKey: those keys are not fetched; remove it',
    ],
    [
      'an age for keys that are not fetched',
      { 4: '  local: {jwt: {issuer: a, audience: b, publicKey: local.pub, refresh: 5m}}' },
      'issuers.local.jwt.refresh: has no use with publicKey',
    ],
    [
      'a file of authorities that is not there',
      { 4: '  local: {jwt: {issuer: "https://id.acme.io", audience: b, ca: nowhere.pem}}' },
      'issuers.local.jwt.ca: nowhere.pem does not exist',
    ],
  ])('refuses %s', (_what, lines, message) => {
    expect(workspace.problemsWith(lines).join('\n')).toContain(message)
  })

  it('does not show the password of a URL', () => {
    const lines = { 4: '  local: {jwt: {issuer: a, audience: b, jwksUri: "https://u:hush@id.acme.io/jwks"}}' }
    expect(workspace.problemsWith(lines).join('\n')).not.toContain('hush')
  })

  it.each(['https://id.acme.io', 'http://127.0.0.1:8080/realm', 'http://[::1]:8080', 'http://localhost:8080'])(
    'takes %s for discovery and for JWKS',
    (url) => {
      expect(workspace.problemsWith({ 4: `  local: {jwt: {issuer: "${url}", audience: b}}` })).toEqual([])
      expect(workspace.problemsWith({ 4: `  local: {jwt: {issuer: a, audience: b, jwksUri: "${url}"}}` })).toEqual([])
    },
  )

  it('warns of an issuer of bound tokens while no listener asks for certificates', () => {
    const jwt = 'issuer: a, audience: b, publicKey: local.pub, confirmation: required'
    expect(workspace.warningsWith({ 4: `  local: {jwt: {${jwt}}}` })).toEqual([
      '4:3: issuers.local: no listener asks for client certificates, so nobody can use this issuer; add tls.clientAuthorities to a listener',
    ])
  })

  it('warns of a certificate issuer while no listener asks for certificates', () => {
    expect(workspace.warningsWith({ 4: '  local: {certificate: {authorities: server.crt}}' })).toEqual([
      '4:3: issuers.local: no listener asks for client certificates, so nobody can use this issuer; add tls.clientAuthorities to a listener',
    ])
  })
})
