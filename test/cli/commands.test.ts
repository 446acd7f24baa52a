import { X509Certificate } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createAuthority } from '../../src/pki/authority.ts'
import { createTokenKey, publicTokenKey } from '../../src/pki/token.ts'
import { type Workplace, workplace } from './program.ts'

let place: Workplace

beforeEach(() => {
  place = workplace()
})

afterEach(() => place.remove())

const at = (name: string) => join(place.folder, name)
const write = (name: string, content: string, mode = 0o600) => writeFileSync(at(name), content, { mode })

/** A configuration that may be served, on a free port unless told. */
function config({ address = '127.0.0.1:0', tls = '', more = '' } = {}): string {
  write('token.pem', publicTokenKey(createTokenKey()))
  return `listeners:
  - address: ${address}${tls}
engine: unix:///nowhere/docker.sock
issuers:
  local: { jwt: { issuer: "https://issuer.test", audience: dockgate, publicKey: token.pem } }
roles:
  observer: { allow: [read] }
  maker: { allow: [create], workload: { privileged: true } }
bindings:
  - { role: observer, issuer: local, when: 'subject == "a"' }
  - { role: maker, issuer: local }
${more}`
}

it.each([
  [],
  ['serve'],
  ['start'],
  ['check'],
  ['explain'],
  ['token'],
  ['cert'],
  ['cert', 'ca'],
  ['cert', 'client'],
  ['cert', 'server'],
  ['cert', 'revoke'],
  ['cert', 'list'],
  ['revoke'],
  ['ready'],
  ['sessions'],
  ['sessions', 'list'],
  ['sessions', 'end'],
  ['top'],
  ['reap'],
  ['doctor'],
  ['version'],
])('has --help with an example for "%s %s"', async (...command) => {
  const { code, stdout } = await place.run(...command.filter((word) => word !== undefined), '--help')
  expect(code).toBe(0)
  expect(stdout).toContain('Usage: dockgate')
  expect(stdout).toMatch(/^ {2}\$ dockgate /m)
})

it('prints versions, as JSON too', async () => {
  const text = await place.run('version')
  const json = JSON.parse((await place.run('version', '--json')).stdout)
  expect(json.node).toBe(process.versions.node)
  expect(text.stdout).toContain(`dockgate ${json.dockgate}`)
})

it('shows a configuration as a table with unbounded roles marked, and as JSON', async () => {
  write('dockgate.yaml', config())
  const text = await place.run('check', '--config', 'dockgate.yaml')
  expect(text.code).toBe(0)
  expect(text.stdout).toContain('maker  UNBOUNDED')
  expect(text.stdout).not.toContain('observer  UNBOUNDED')
  expect(text.stdout).toMatch(
    /who may do what, on what\n {2}1\. {2}local when subject == "a" {2}observer: read {2}.*everybody's objects\n/,
  )
  expect(text.stdout).toContain('dockgate.yaml: roles.maker: unbounded: bindings[1] make root on the host')
  const json = JSON.parse((await place.run('check', '--config', 'dockgate.yaml', '--json')).stdout)
  expect(json.bindings.map((binding: { role: string }) => binding.role)).toEqual(['observer', 'maker'])
})

it('shows who may see what on the admin listener', async () => {
  const allow = '[{ issuer: local, when: subject == "a", pages: [metrics, ready] }, { issuer: local, pages: [ready] }]'
  write(
    'dockgate.yaml',
    config({ more: `admin: { socket: a.sock, listener: { address: 127.0.0.1:0, allow: ${allow} } }` }),
  )
  const { code, stdout } = await place.run('check', '--config', 'dockgate.yaml')
  expect(code).toBe(0)
  expect(stdout).toContain(
    `admin\n  ${at('a.sock')}\n  127.0.0.1:0  plain  (every entry that matches gives its pages)\n`,
  )
  expect(stdout).toMatch(
    /^ {2}local {2}-> {2}metrics, ready {2}when subject == "a"\n {2}local {2}-> {2}ready +everybody$/m,
  )
})

it('shows on whose objects a role acts, by which owner, and where the ledger is', async () => {
  const maker =
    'maker: { allow: [run, BuildPrune], workload: {}, objects: own, images: { shared: ["docker.io/**"] }, quotas: { containers: 5 }, lifetime: 2h, endsWith: token }'
  const text = config({ more: 'ledger: { file: ledger.sqlite }\n' })
    .replace(/maker: .*/, maker)
    .replace('role: maker, issuer: local', 'role: maker, issuer: local, owner: "${claims.team}"')
  write('dockgate.yaml', text)
  const { code, stdout } = await place.run('check', '--config', 'dockgate.yaml')
  expect(stdout).toContain(`    objects: the caller's own only
    images that everybody sees: docker.io/**
    at a time: containers 5
    what it made is removed after 2h, or the end of the token
    allowed, and refused all the same, as it is about nothing that has an owner: BuildPrune
`)
  expect(stdout).toMatch(/local +-> +maker +everybody +owner \$\{claims\.team\}\n/)
  expect(stdout).toContain(`ledger (whose images and unnamed volumes are whose)\n  ${at('ledger.sqlite')}\n`)
  expect(code).toBe(0)
})

it('shows which certificates an issuer takes', async () => {
  write('ca.pem', createAuthority().certificate)
  const rules = 'subject: { O: [acme, "b-*"] }, san: { dns: "*.acme.io" }, spiffe: acme.io, depth: 1'
  write(
    'dockgate.yaml',
    config().replace('roles:', `  staff: { certificate: { authorities: ca.pem, ${rules} } }\nroles:`),
  )
  const { stdout } = await place.run('check', '--config', 'dockgate.yaml')
  expect(stdout).toContain(`
    takes certificates with subject.O acme or b-*; san.dns *.acme.io; one SPIFFE ID of spiffe://acme.io
    signed by one of its authorities, with at most 1 more between
    revoked by revocations.file alone: no crl
roles
`)
})

it.each([
  ['broken YAML', () => 'listeners: [', /^dockgate: dockgate\.yaml:\d+:\d+: /],
  ['an unknown key', () => config({ more: 'listenrs: []\n' }), /dockgate\.yaml:12:1: listenrs: .*"listeners"/],
  ['a key of a later version', () => config().replace('[create]', '[create], share: {}'), /share/],
  ['a wrong type', () => config().replace('[read]', 'read'), /dockgate\.yaml:7:22: roles\.observer\.allow/],
  ['a missing file', () => config().replace('publicKey: token.pem', 'publicKey: absent.pem'), /absent\.pem/],
  ['plain TCP beyond loopback', () => config({ address: '0.0.0.0:0' }), /tls/],
])('refuses %s with one line that names the place, and exit code 2', async (_, made, message) => {
  write('dockgate.yaml', made())
  for (const command of ['check', 'serve']) {
    const { code, stderr } = await place.run(command, '--config', 'dockgate.yaml')
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .every((line) => line.startsWith('dockgate: ')),
    ).toBe(true)
  }
})

it.each([
  ['an expired certificate', 0o600, { days: 1, notBefore: new Date(Date.now() - 3 * 86_400_000) }, /expired/],
  ['a private key that others may read', 0o644, {}, /chmod 600/],
])('refuses %s with exit code 2', async (_, mode, options, message) => {
  const server = createAuthority().issueServer({ names: ['localhost'], ...options })
  write('server.crt', server.certificate)
  write('server.key', server.key)
  chmodSync(at('server.key'), mode)
  write('dockgate.yaml', config({ tls: '\n    tls: { certificate: server.crt, key: server.key }' }))
  const { code, stderr } = await place.run('serve', '--config', 'dockgate.yaml')
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})

it('says that a port is taken, with exit code 1', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1')
  const { port } = await new Promise<net.AddressInfo>((resolve) =>
    taken.once('listening', () => resolve(taken.address() as net.AddressInfo)),
  )
  write('dockgate.yaml', config({ address: `127.0.0.1:${port}` }))
  const { code, stderr } = await place.run('serve', '--config', 'dockgate.yaml')
  taken.close()
  expect(code).toBe(1)
  expect(stderr).toContain(`listener 127.0.0.1:${port}: the address is taken`)
})

it.each(['SIGTERM', 'SIGINT'] as const)('serves while no engine is there, and ends in order on %s', async (signal) => {
  write('dockgate.yaml', config())
  const running = await place.start(['serve', '--config', 'dockgate.yaml'], 'listening on tcp://127.0.0.1:')
  expect(await running.stop(signal)).toBe(0)
})

it('says at the start that no engine answers', async () => {
  write('dockgate.yaml', config())
  const warning = 'dockgate: warning: no Docker Engine answers at unix:///nowhere/docker.sock'
  const running = await place.start(['serve', '--config', 'dockgate.yaml'], warning)
  await running.stop()
})

it('prints warnings before it serves', async () => {
  write('dockgate.yaml', config().replace('allow: [read]', 'extends: admin, allow: ["*"]'))
  const running = await place.start(['serve', '--config', 'dockgate.yaml'], 'listening on tcp://127.0.0.1:')
  expect(running.output()).toMatch(/^dockgate: warning: dockgate\.yaml:7:\d+: roles\.observer/)
})

it('prints the problems of a configuration as JSON where that is asked', async () => {
  write('dockgate.yaml', config({ more: 'listenrs: []\n' }))
  const { code, stdout } = await place.run('check', '--config', 'dockgate.yaml', '--json')
  const { problems } = JSON.parse(stdout)
  expect([code, problems]).toEqual([
    2,
    [expect.objectContaining({ file: 'dockgate.yaml', line: 12, path: 'listenrs' })],
  ])
})

it('shows a condition on one line, without what a terminal would act on', async () => {
  write('dockgate.yaml', config().replace(`'subject == "a"'`, `"subject ==\\n 'a\\e[2J'"`))
  const { code, stdout } = await place.run('check', '--config', 'dockgate.yaml')
  expect([code, stdout]).toEqual([0, expect.stringContaining("when subject ==\\u{a} 'a\\u{1b}[2J'")])
})

it.each([
  [['serve'], '--config'],
  [['nope'], 'nope'],
  [['serve', '--confg', 'x'], '--config'],
  [['token', '--ttl', 'soon'], '1s to 720h'],
  [['token', '--ttl', '721h'], '1s to 720h'],
  [['token', '--claim', 'exp=9'], 'exp'],
  [['token', '--claim', 'role'], 'name=value'],
  [['token', '--role', 'a', '--claim', 'role=b'], '--role'],
  [['token', '--subject', ''], 'subject'],
  [['cert', 'client', 'a', '--days', '0'], 'days'],
  [['cert', 'client', 'a', '--days', '3651'], '3650'],
  [['cert', 'client', 'a\nb'], 'printable'],
  [['cert', 'client', 'a', '--san', 'ops@acme.example'], 'email:ADDRESS'],
  [['cert', 'client', 'a', '--key-type', 'rsa'], 'p256, ed25519'],
  [['cert', 'client', 'a', '--key-type', 'p256', '--renew'], '--renew'],
  [['cert', 'revoke', 'a', '--reason', 'bored'], 'keyCompromise'],
  [['cert', 'revoke', 'a', '--next-update', '0'], 'days'],
  [['cert', 'server', 'a b'], 'neither a DNS name nor an IP address'],
  [['cert', 'server', 'a.test', 'b c'], 'neither a DNS name nor an IP address'],
])('takes %j for a wrong command line: one line that says why, and exit code 2', async (args, why) => {
  const { code, stdout, stderr } = await place.run(...args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^dockgate: [^\n]*\n$/)
  expect(stderr).toContain(why)
})

it.each([[[]], [['cert']]])('shows the commands when %j names none: exit code 2', async (args) => {
  const { code, stdout, stderr } = await place.run(...args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('Usage: dockgate')
})

it('says that the configuration is not there, with exit code 2', async () => {
  const { code, stderr } = await place.run('check', '--config', 'absent.yaml')
  expect(code).toBe(2)
  expect(stderr).toMatch(/^dockgate: absent\.yaml: [^\n]*\n$/)
})

it('names the way out when there is no state folder', async () => {
  const { code, stderr } = await place.run('token', '--state', 'none')
  expect(code).toBe(1)
  expect(stderr).toContain('"dockgate start --state none"')
})

/** The folder that `start` would make, without starting anything. */
function state(): void {
  const authority = createAuthority()
  write('ca.pem', authority.certificate)
  write('ca-key.pem', authority.key)
  write('token-key.pem', createTokenKey())
}

it('signs tokens with role, subject, claims and life as asked', async () => {
  state()
  const { stdout } = await place.run(
    'token',
    '--state',
    '.',
    '--role',
    'ci',
    '--subject',
    'me',
    '--claim',
    'repository=a/b=c',
    '--ttl',
    '15m',
  )
  const claims = decodeJwt(stdout.trim())
  expect(claims).toMatchObject({ role: 'ci', sub: 'me', repository: 'a/b=c', aud: 'dockgate' })
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(900)
})

it('issues a client certificate under the names that docker expects, and overwrites nothing', async () => {
  state()
  const args = ['cert', 'client', 'alice', '--state', '.', '--out', 'alice', '--days', '2']
  const { code, stdout } = await place.run(...args)
  expect(code).toBe(0)
  expect(stdout).toContain('--tlscert alice/cert.pem --tlskey alice/key.pem')
  const leaf = new X509Certificate(readFileSync(at('alice/cert.pem')))
  expect(leaf.verify(new X509Certificate(readFileSync(at('alice/ca.pem'))).publicKey)).toBe(true)
  expect(leaf.subject).toBe('CN=alice')
  expect(statSync(at('alice/key.pem')).mode & 0o777).toBe(0o600)
  const again = await place.run(...args)
  expect(again.code).toBe(1)
  expect(again.stderr).toContain('not overwritten')
})

it('issues a server certificate for several names, as JSON too', async () => {
  state()
  const { stdout } = await place.run(
    'cert',
    'server',
    'docker.test',
    '10.0.0.5',
    '--state',
    '.',
    '--out',
    'tls',
    '--json',
  )
  const { certificate } = JSON.parse(stdout)
  const leaf = new X509Certificate(readFileSync(at(certificate)))
  expect(leaf.checkHost('docker.test')).toBe('docker.test')
  expect(leaf.checkIP('10.0.0.5')).toBe('10.0.0.5')
})

it('prints a token as JSON with its claims and its end', async () => {
  state()
  const { stdout } = await place.run('token', '--state', '.', '--audience', 'gate.test', '--claim', 'n=1', '--json')
  const { token, claims, expiresAt } = JSON.parse(stdout)
  expect(claims).toMatchObject({ aud: 'gate.test', n: '1', sub: 'local' })
  expect(decodeJwt(token)).toEqual(claims)
  expect(Date.parse(expiresAt)).toBe(claims.exp * 1000)
})

it.each(['token-key.pem', 'ca-key.pem'])('does not sign with a %s that others may read', async (key) => {
  state()
  chmodSync(at(key), 0o640)
  const { code, stdout, stderr } = await place.run(
    ...(key === 'token-key.pem' ? ['token'] : ['cert', 'client', 'a']),
    '--state',
    '.',
  )
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(`run: chmod 600 ${key}`)
})

it.each(['cert.pem', 'key.pem', 'ca.pem'])('writes nothing where another %s is', async (name) => {
  state()
  mkdirSync(at('out'), { mode: 0o700 })
  write(`out/${name}`, 'mine')
  const { code } = await place.run('cert', 'server', 'a.test', '--state', '.', '--out', 'out')
  expect([code, readdirSync(at('out')), readFileSync(at(`out/${name}`), 'utf8')]).toEqual([1, [name], 'mine'])
})

it.each(['../escape', '..', '.', 'a/b', '-x'])('takes %j for no folder in the state folder', async (name) => {
  state()
  const { code, stderr } = await place.run('cert', 'client', '--state', '.', '--', name)
  expect([code, stderr]).toEqual([2, expect.stringContaining('say where to write with --out')])
})

it('issues into the state folder unless told otherwise', async () => {
  state()
  const { stdout } = await place.run('cert', 'client', 'alice', '--state', '.', '--json')
  const { certificate, notAfter } = JSON.parse(stdout)
  expect(certificate).toBe('clients/alice/cert.pem')
  expect(Date.parse(notAfter)).toBe(Date.parse(new X509Certificate(readFileSync(at(certificate))).validTo))
})
