import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { createTokenKey, publicTokenKey } from '../../src/pki/token.ts'
import { workplace } from './program.ts'

const place = workplace()
afterAll(() => place.remove())

let host = ''
let count = 0
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(host, path)), { recursive: true })
  writeFileSync(join(host, path), text)
}
const UNIT = '/usr/lib/systemd/system/docker.service'
const setHosts = (flags: string) => write(UNIT, `[Service]\nExecStart=/usr/bin/dockerd ${flags}\n`)
const doctor = (...args: string[]) => place.run('doctor', '--root', host, ...args)

beforeEach(() => {
  count += 1
  host = join(place.folder, `host-${count}`)
  mkdirSync(host)
})

it('exits with 1 when something is of severity danger, and says what, why and what to change', async () => {
  setHosts('-H fd:// -H tcp://0.0.0.0:2375')
  const { code, stdout, stderr } = await doctor()
  expect([code, stderr]).toEqual([1, ''])
  expect(stdout).toContain('danger: dockerd listens on 0.0.0.0:2375 without TLS [tcp-plain]')
  expect(stdout).toContain(`  where:  ${UNIT}:2`)
  expect(stdout).toContain('      ExecStart=/usr/bin/dockerd -H fd://\n')
  expect(stdout).toMatch(/^1 of danger, 0 warnings, 3 notes$/m)
})

it('exits with 0 when there are warnings and notes only', async () => {
  setHosts('-H fd://')
  write('/etc/group', 'docker:x:998:alice\n')
  const { code, stdout } = await doctor()
  expect(code).toBe(0)
  expect(stdout).toMatch(/^0 of danger, 1 warning, 3 notes$/m)
})

it.each([[['--root', 'nowhere']], [['--engine', 'tcp://127.0.0.1:1']], [['--nonsense']], [['more']]])(
  'exits with 2 for %j',
  async (args) => {
    expect(await place.run('doctor', ...args)).toMatchObject({ code: 2, stdout: '' })
  },
)

it('has the same shape as JSON, whatever is found', async () => {
  setHosts('-H tcp://0.0.0.0:2375')
  const { code, stdout } = await doctor('--json')
  const { findings, ...rest } = JSON.parse(stdout)
  expect(code).toBe(1)
  expect(rest).toEqual({
    version: 1,
    root: host,
    engine: { socket: '/var/run/docker.sock', facts: null },
    counts: { danger: 1, warning: 0, note: 3 },
  })
  for (const finding of findings) {
    expect(Object.keys(finding).sort()).toEqual(['change', 'id', 'severity', 'what', 'where', 'why'])
    expect(Object.keys(finding.change).sort()).toEqual(['file', 'run', 'text', 'write'])
  }
})

it('shows what files say without acting on it', async () => {
  write('/etc/group', 'docker:x:998:\x1b[31malice\n')
  const { stdout } = await doctor()
  expect(stdout).toContain('\\u{1b}[31malice')
  expect(stdout).not.toContain('\x1b')
})

it('changes nothing', async () => {
  setHosts('-H fd:// -H tcp://0.0.0.0:2375')
  write('/etc/docker/daemon.json', '{"tls": true, "tlskey": "/etc/docker/key.pem"}')
  write('/etc/docker/key.pem', 'key')
  const before = fingerprint(host)
  await doctor()
  expect(fingerprint(host)).toBe(before)
})

/** Of all paths, modes, times of change and contents below a folder. */
function fingerprint(folder: string): string {
  const hash = createHash('sha256')
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mode, ctimeMs } = statSync(path)
    hash.update(`${path} ${mode} ${ctimeMs} `).update(entry.isFile() ? readFileSync(path) : '')
  }
  return hash.digest('hex')
}

const CONFIG = (address: string, engine: string) => `listeners:
  - address: ${address}
engine: unix://${engine}
issuers:
  local: { jwt: { issuer: "https://issuer.test", audience: dockgate, publicKey: token.pem } }
roles:
  observer: { allow: [read] }
bindings:
  - { role: observer, issuer: local }
`

it.each([
  ['loads and fits', CONFIG('127.0.0.1:2390', '/var/run/docker.sock'), []],
  ['is for another socket', CONFIG('127.0.0.1:2390', '/run/other.sock'), ['gate-other-engine']],
  ['has a listener on the port of dockerd', CONFIG('127.0.0.1:2375', '/var/run/docker.sock'), ['gate-port-taken']],
  ['does not load', 'listeners: 1\n', ['gate-config']],
])("says when a gate's configuration %s", async (_, text, ids) => {
  setHosts('-H unix:///var/run/docker.sock -H tcp://0.0.0.0:2375')
  writeFileSync(join(place.folder, 'token.pem'), publicTokenKey(createTokenKey()))
  writeFileSync(join(place.folder, 'gate.yaml'), text)
  const { findings } = JSON.parse((await doctor('--json', '--config', 'gate.yaml')).stdout)
  expect(findings.map(({ id }: { id: string }) => id).filter((id: string) => id.startsWith('gate-'))).toEqual(ids)
})
