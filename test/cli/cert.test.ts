import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { certCommand } from '../../src/cli/cert.ts'
import { reportFailure, unifyFailures } from '../../src/cli/failure.ts'
import { initialConfig } from '../../src/cli/start-config.ts'
import { createDemoEngine } from '../../src/demo/engine.ts'
import { createAuthority, loadAuthority } from '../../src/pki/authority.ts'
import { recordIssued } from '../../src/pki/register.ts'
import { docker, type Route } from '../support/docker-client.ts'
import { type Outcome, type Workplace, workplace } from './program.ts'

const DAY_MS = 86_400_000
const home = process.cwd()
let place: Workplace

beforeEach(() => {
  place = workplace()
  process.chdir(place.folder)
})
afterEach(() => {
  process.chdir(home)
  return place.remove()
})

const at = (...names: string[]) => join(place.folder, ...names)
const modeOf = (name: string) => (statSync(at(name)).mode & 0o777).toString(8)
const certificate = (name: string) => new X509Certificate(readFileSync(at(name)))

/** Runs `dockgate cert …` in this process: a new one takes longer than what it does. */
async function run(...args: string[]): Promise<Outcome> {
  const said = { stdout: '', stderr: '' }
  const hold = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += text
      return true
    })
  const held = [hold('stdout'), hold('stderr')]
  const command = certCommand()
  unifyFailures(command)
  try {
    await command.parseAsync(args, { from: 'user' })
    return { code: 0, ...said }
  } catch (error) {
    const code = reportFailure(error)
    return { code, ...said }
  } finally {
    for (const one of held) one.mockRestore()
  }
}

/** Runs it on the state folder `pki`; anything but success fails the test. */
async function cert(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args, '--state', 'pki')
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}
const listed = async () => JSON.parse(await cert('list', '--json')) as Record<string, string | null>[]
const statesOf = async () => (await listed()).map(({ name, state }) => `${name} ${state}`)
/** What OpenSSL says of the list: empty when it does not verify. */
const crlText = () => {
  const args = ['crl', '-in', at('pki/crl.pem'), '-CAfile', at('pki/ca.pem'), '-verify', '-noout', '-text']
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' })
}

it('makes, in three commands, what docker --tlsverify needs, and takes it back in a fourth', async () => {
  const program = async (...args: string[]) => {
    const { code, stdout, stderr } = await place.run('cert', ...args, '--state', 'pki')
    expect([code, stderr]).toEqual([0, ''])
    return stdout
  }
  await program('ca')
  await program('server', '127.0.0.1', '--out', 'tls')
  await program('client', 'alice', '--out', 'alice')
  expect(readdirSync(at('alice')).sort()).toEqual(['ca.pem', 'cert.pem', 'key.pem'])

  const engine = createDemoEngine()
  await once(engine.listen(at('demo.sock')), 'listening')
  onTestFinished(() => {
    engine.closeAllConnections()
    engine.close()
  })
  writeFileSync(
    at('dockgate.yaml'),
    `listeners:
  - { address: '127.0.0.1:0', tls: { certificate: tls/cert.pem, key: tls/key.pem, clientAuthorities: tls/ca.pem } }
engine: unix://${at('demo.sock')}
issuers:
  staff: { certificate: { authorities: tls/ca.pem, crl: pki/crl.pem } }
roles:
  observer: { allow: [read, read-sensitive] }
bindings:
  - { role: observer, issuer: staff, when: 'cert.commonName == "alice"' }
records: { file: records.jsonl }
`,
  )
  const gate = await place.start(['serve', '--config', 'dockgate.yaml'], 'listening on tcp://')
  const host = /listening on (tcp:\S+)/.exec(gate.output())?.[1] ?? ''
  const environment = {
    DOCKER_HOST: host,
    DOCKER_TLS_VERIFY: '1',
    DOCKER_CERT_PATH: at('alice'),
    DOCKER_CONFIG: at('alice'),
  }
  const route: Route = { name: 'tlsverify', environment }
  expect(await docker(route, ['ps', '-q'])).toMatchObject({ code: 0, stderr: '' })

  expect(await program('revoke', 'alice', '--reason', 'keyCompromise')).toMatch(
    /^revoked: alice \(client, [0-9A-F]{32}\)\n/,
  )
  await vi.waitFor(() => expect(gate.output()).toContain('revoked certificates: 1'), 10_000)
  const refused = await docker(route, ['ps'])
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/certificate was revoked on .* \(keyCompromise\)/),
  ])
  await gate.stop()
})

describe('cert ca', () => {
  it('makes certificate, key and an empty list that OpenSSL verifies, the key for its owner alone', async () => {
    const {
      certificate: file,
      key,
      crl,
      notAfter,
    } = JSON.parse(await cert('ca', '--name', 'acme CA', '--days', '30', '--json'))
    expect([file, key, crl]).toEqual(['pki/ca.pem', 'pki/ca-key.pem', 'pki/crl.pem'])
    expect([modeOf('pki'), modeOf('pki/ca.pem'), modeOf('pki/ca-key.pem')]).toEqual(['700', '644', '600'])
    const own = certificate('pki/ca.pem')
    expect([own.subject, own.ca, own.validToDate.toISOString()]).toEqual(['CN=acme CA', true, notAfter])
    expect(crlText()).toContain('No Revoked Certificates')
  })

  it('overwrites no authority', async () => {
    await cert('ca')
    const before = readFileSync(at('pki/ca.pem'), 'utf8')
    const { code, stderr } = await run('ca', '--state', 'pki')
    expect([code, stderr]).toEqual([1, expect.stringContaining('pki/ca.pem exists already')])
    expect(readFileSync(at('pki/ca.pem'), 'utf8')).toBe(before)
  })

  it('is what a command without an authority asks for', async () => {
    const { code, stderr } = await run('list', '--state', 'pki')
    expect([code, stderr]).toEqual([1, expect.stringContaining('"dockgate cert ca --state pki" makes one')])
  })

  it('is the authority that "dockgate start" goes on with', async () => {
    await cert('ca')
    const before = readFileSync(at('pki/ca.pem'), 'utf8')
    // The made configuration listens on a port that others on this machine may use.
    writeFileSync(at('pki/dockgate.yaml'), initialConfig().replace('127.0.0.1:2376', '127.0.0.1:0'), { mode: 0o600 })
    const running = await place.start(['start', '--state', 'pki'], 'As ops')
    await running.stop()
    expect(readFileSync(at('pki/ca.pem'), 'utf8')).toBe(before)
    expect(await statesOf()).toEqual(['localhost valid', 'ops valid'])
  })

  it.each(['p256', 'ed25519'])('takes a %s key, and issues for such', async (kind) => {
    await cert('ca', '--key-type', kind)
    await cert('client', 'alice', '--key-type', kind, '--out', 'alice')
    const verify = [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      at('alice/ca.pem'),
      at('alice/cert.pem'),
    ]
    expect(execFileSync('openssl', verify, { encoding: 'utf8' })).toContain(': OK')
    expect(certificate('alice/cert.pem').publicKey.asymmetricKeyType).toBe(kind === 'p256' ? 'ec' : 'ed25519')
  })
})

describe('cert client', () => {
  it('puts further names into the certificate', async () => {
    await cert('ca')
    await cert(
      'client',
      'shop',
      '--san',
      'uri:spiffe://acme.example/ci',
      '--san',
      'email:ci@acme.example',
      '--out',
      'shop',
    )
    expect(certificate('shop/cert.pem').subjectAltName).toBe('URI:spiffe://acme.example/ci, email:ci@acme.example')
  })

  it('renews: another certificate for the same key, in the place of the old one', async () => {
    await cert('ca')
    await cert('client', 'alice', '--out', 'alice', '--days', '1')
    const [key, before] = [readFileSync(at('alice/key.pem'), 'utf8'), certificate('alice/cert.pem')]
    await cert('client', 'alice', '--out', 'alice', '--renew')
    const after = certificate('alice/cert.pem')
    expect(readFileSync(at('alice/key.pem'), 'utf8')).toBe(key)
    expect(Math.round((after.validToDate.getTime() - before.validToDate.getTime()) / DAY_MS)).toBe(396)
    expect(after.publicKey.equals(before.publicKey)).toBe(true)
    expect(await statesOf()).toEqual(['alice expires soon', 'alice valid'])
  })

  it('renews nothing where no key is, or another authority', async () => {
    await cert('ca')
    const none = await run('client', 'alice', '--out', 'alice', '--renew', '--state', 'pki')
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('there is no alice/key.pem to renew')])
    await cert('client', 'alice', '--out', 'alice')
    writeFileSync(at('alice/ca.pem'), createAuthority().certificate)
    const other = await run('client', 'alice', '--out', 'alice', '--renew', '--state', 'pki')
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("alice/ca.pem is another authority's")])
    expect(await statesOf()).toEqual(['alice valid'])
  })
})

describe('cert list', () => {
  it('tells valid from near its end, expired and revoked', async () => {
    await cert('ca')
    const text = (name: string) => readFileSync(at('pki', name), 'utf8')
    const authority = loadAuthority(text('ca.pem'), text('ca-key.pem'))
    const register = { issued: at('pki/issued.pem'), revoked: at('pki/crl.pem') }
    const past = { days: 1, notBefore: new Date(Date.now() - 3 * DAY_MS) }
    recordIssued(register, authority.issueClient({ name: 'bygone', ...past }).certificate)
    recordIssued(register, authority.issueClient({ name: 'soon', days: 20 }).certificate)
    await cert('server', 'docker.test', '10.0.0.5')
    await cert('client', 'mallory')
    await cert('revoke', 'mallory', '--reason', 'superseded')
    const rows = await listed()
    expect(rows.map(({ name, purpose, state, reason }) => [name, purpose, state, reason])).toEqual([
      ['bygone', 'client', 'expired', null],
      ['soon', 'client', 'expires soon', null],
      ['docker.test', 'server', 'valid', null],
      ['mallory', 'client', 'revoked', 'superseded'],
    ])
    const server = certificate('pki/servers/docker.test/cert.pem')
    expect(rows[2]).toMatchObject({
      names: 'DNS:docker.test, IP Address:10.0.0.5',
      serial: server.serialNumber,
      fingerprint: server.fingerprint256.replaceAll(':', '').toLowerCase(),
      notAfter: server.validToDate.toISOString(),
      revokedAt: null,
    })
    const table = await cert('list')
    expect(table).toMatch(/^ {2}bygone +client +expired +until \d{4}-\d\d-\d\d +[0-9A-F]{32}$/m)
    expect(table).toMatch(/^ {2}mallory +client +revoked +on \d{4}-\d\d-\d\d \(superseded\) +[0-9A-F]{32}$/m)
  })

  it('leaves out an entry that was broken off, and shows those behind it', async () => {
    await cert('ca')
    await cert('client', 'alice')
    const one = readFileSync(at('pki/issued.pem'), 'utf8')
    writeFileSync(at('pki/issued.pem'), one + one.slice(0, 200))
    await cert('client', 'bob')
    expect(await statesOf()).toEqual(['alice valid', 'bob valid'])
  })

  it('says that nothing was issued', async () => {
    await cert('ca')
    expect(await cert('list')).toBe('nothing was issued in pki so far\n')
    expect(await listed()).toEqual([])
  })
})

describe('cert revoke', () => {
  const number = () => Number(/CRL Number:\s+(\d+)/.exec(crlText())?.[1])

  it('takes a name for all its certificates, and keeps what was revoked before as it was', async () => {
    await cert('ca')
    await cert('client', 'alice')
    await cert('client', 'alice', '--renew')
    await cert('client', 'bob')
    const first = number()
    await cert('revoke', 'alice')
    const { revoked } = JSON.parse(await cert('revoke', 'bob', '--reason', 'superseded', '--json'))
    expect(revoked).toEqual([expect.objectContaining({ name: 'bob', state: 'revoked', reason: 'superseded' })])
    expect(await statesOf()).toEqual(['alice revoked', 'alice revoked', 'bob revoked'])
    expect((await listed()).map(({ reason }) => reason)).toEqual(['unspecified', 'unspecified', 'superseded'])
    expect(number()).toBeGreaterThan(first + 1)
  })

  it.each<[string, (leaf: X509Certificate) => string]>([
    ['a serial number', (leaf) => leaf.serialNumber],
    [
      'a serial number in lower case with colons',
      (leaf) => (leaf.serialNumber.toLowerCase().match(/../g) ?? []).join(':'),
    ],
    ['a fingerprint', (leaf) => leaf.fingerprint256],
    ['a file', () => 'pki/clients/alice/cert.pem'],
  ])('takes %s', async (_what, name) => {
    await cert('ca')
    await cert('client', 'alice')
    await cert('client', 'bob')
    await cert('revoke', name(certificate('pki/clients/alice/cert.pem')))
    expect(await statesOf()).toEqual(['alice revoked', 'bob valid'])
  })

  it('takes the file of a certificate that is not in the index', async () => {
    await cert('ca')
    await cert('client', 'alice')
    rmSync(at('pki/issued.pem'))
    const { serialNumber } = certificate('pki/clients/alice/cert.pem')
    expect(await cert('revoke', 'pki/clients/alice/cert.pem')).toContain(serialNumber)
    expect(crlText()).toContain(`Serial Number: ${serialNumber}`)
  })

  it('only signs the list again when nothing is named, for as long as told', async () => {
    await cert('ca')
    await cert('client', 'alice')
    await cert('revoke', 'alice')
    const before = number()
    await cert('revoke', '--next-update', '7')
    expect(number()).toBeGreaterThan(before)
    expect(await statesOf()).toEqual(['alice revoked'])
    const end = Date.parse(/Next Update: (.*)/.exec(crlText())?.[1] ?? '')
    expect(Math.round((end - Date.now()) / DAY_MS)).toBe(7)
  })

  it.each([
    ['nobody', 'nothing that is called "nobody" was issued'],
    ['alice', '"alice" was revoked on'],
    ['other.pem', 'other.pem is not of this authority'],
    ['none.pem', 'none.pem does not exist'],
    ['text.pem', 'text.pem is not a certificate in PEM'],
  ])('refuses %j, and then revokes none of the others either', async (what, message) => {
    await cert('ca')
    for (const name of ['alice', 'bob']) await cert('client', name)
    await cert('revoke', 'alice')
    writeFileSync(at('other.pem'), createAuthority().issueClient({ name: 'alice' }).certificate)
    writeFileSync(at('text.pem'), 'hello')
    const before = readFileSync(at('pki/crl.pem'), 'utf8')
    const { code, stderr } = await run('revoke', 'bob', what, '--state', 'pki')
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)])
    expect(readFileSync(at('pki/crl.pem'), 'utf8')).toBe(before)
  })

  it('changes no list that is not the authority’s, and none that somebody else is changing', async () => {
    await cert('ca')
    await cert('client', 'alice')
    writeFileSync(at('pki/crl.pem.lock'), '')
    const locked = await run('revoke', 'alice', '--state', 'pki')
    expect([locked.code, locked.stderr]).toEqual([1, expect.stringContaining('remove pki/crl.pem.lock')])
    rmSync(at('pki/crl.pem.lock'))
    const other = createAuthority()
    const fields = { number: 1, revoked: new Map(), thisUpdate: new Date(), nextUpdate: other.notAfter }
    writeFileSync(at('pki/crl.pem'), other.revocationList(fields))
    const foreign = await run('revoke', 'alice', '--state', 'pki')
    expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('is not the list of this authority')])
  })

  it('leaves no lock behind, and begins a newer list when the old one was lost', async () => {
    await cert('ca')
    await cert('client', 'alice')
    const before = number()
    rmSync(at('pki/crl.pem'))
    await cert('revoke', 'alice')
    expect(number()).toBeGreaterThanOrEqual(before)
    expect(readdirSync(at('pki')).sort()).toEqual(['ca-key.pem', 'ca.pem', 'clients', 'crl.pem', 'issued.pem'])
  })
})
