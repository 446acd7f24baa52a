import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { initCommand } from '../../src/cli/init.ts'
import { createAuthority } from '../../src/pki/authority.ts'
import { type Outcome, type Workplace, workplace } from './program.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let place: Workplace
beforeEach(() => {
  place = workplace()
})
afterEach(() => place.remove())

const gate = () => join(place.folder, 'gate')
const read = (name: string) => readFileSync(join(gate(), name), 'utf8')
const config = () => parse(read('dockgate.yaml'))
/** Every file of the workplace with its mode and content. */
const everything = () =>
  readdirSync(place.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return `${path} ${(statSync(path).mode & 0o777).toString(8)} ${readFileSync(path, 'utf8')}`
    })
    .sort()

/** Runs `init` into the folder `gate`, with the state of the service beside it. */
function init(...args: string[]): Promise<Outcome> {
  const paths = ['--folder', gate(), '--ledger', join(place.folder, 'state', 'ledger.sqlite')]
  return place.run('init', ...paths, '--root', place.folder, ...args)
}

/** The same in this process, for what prints nothing: a program takes a while to start. */
async function initHere(...args: string[]): Promise<void> {
  const command = initCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  const paths = ['--folder', gate(), '--ledger', join(place.folder, 'state', 'ledger.sqlite'), '--root', place.folder]
  await command.parseAsync([...paths, ...args], { from: 'user' })
}

const ALICE = ['--person', 'alice:operator', '--name', 'docker.acme.io']

describe('for people and jobs', () => {
  it('writes what dockgate check takes, with keys for their owners alone', async () => {
    const { code, stdout } = await init(...ALICE, '--person', 'bob', '--ci', 'gitlab-ci', '--only', 'acme/')
    expect(code).toBe(0)
    const checked = await place.run('check', '--config', join(gate(), 'dockgate.yaml'))
    expect(checked.code).toBe(0)
    expect(checked.stdout).toContain('claims.project_path.startsWith("acme/")')
    expect(config().bindings).toEqual([
      { role: 'operator', issuer: 'staff', when: 'cert.commonName == "alice"' },
      { role: 'observer', issuer: 'staff', when: 'cert.commonName == "bob"' },
      { role: 'ci-run', issuer: 'ci', when: 'claims.project_path.startsWith("acme/")' },
    ])
    const secret = ['ca-key.pem', 'server/key.pem', 'clients/alice/key.pem', 'clients/bob/key.pem', 'issued.pem']
    for (const name of secret) expect(statSync(join(gate(), name)).mode & 0o777, name).toBe(0o600)
    expect(stdout).not.toContain('PRIVATE KEY')
  })

  it('begins with the line by which editors find the schema, and names the folder in the unit', async () => {
    await init(...ALICE)
    expect(read('dockgate.yaml')).toMatch(
      /^# yaml-language-server: \$schema=file:\/\/\/.*\/config\/schema\/dockgate\.json\n/,
    )
    expect(read('dockgate.service')).toContain(`serve --config ${gate()}/dockgate.yaml\n`)
  })

  it('says who becomes root, and how each one calls', async () => {
    const { stdout, stderr } = await init(...ALICE, '--ci', 'github-actions', '--only', 'acme/shop')
    expect(stderr).toContain('ROOT ON THIS HOST, by role operator: alice')
    expect(stdout).toContain(`DOCKER_CERT_PATH=${gate()}/clients/alice`)
    expect(stdout).toContain('docker context create dockgate')
    expect(stdout).toContain('dockgate connect https://docker.acme.io:2376 --github-actions --audience docker.acme.io')
    expect(stdout).toContain(read('clients.txt'))
  })

  it.each([
    ['github-actions', 'acme', 'claims.repository_owner == "acme"', []],
    ['github-actions', 'acme/shop', 'claims.repository == "acme/shop"', []],
    ['gitlab-ci', 'acme/shop', 'claims.project_path == "acme/shop"', ['--host', 'git.acme.io']],
    ['kubernetes', 'ci:builder', 'subject == "system:serviceaccount:ci:builder"', ['--issuer', 'https://k.acme.io']],
    ['buildkite', 'acme/shop', 'claims.organization_slug == "acme" && claims.pipeline_slug == "shop"', []],
    [
      'circleci',
      'fedcba98-7654-3210-fedc-ba9876543210',
      'claims["oidc.circleci.com/project-id"] == "fedcba98-7654-3210-fedc-ba9876543210"',
      ['--organization', '01234567-89ab-cdef-0123-456789abcdef'],
    ],
    ['google', 'a@acme.io', 'claims.email == "a@acme.io" && claims.email_verified == true', []],
    ['azure-ad', 'docker.ci', '"docker.ci" in claims.roles', ['--tenant', '01234567-89ab-cdef-0123-456789abcdef']],
    ['generic-oidc', 'ci', 'subject == "ci"', ['--issuer', 'https://id.acme.io']],
  ])('binds jobs of %s by %s', async (preset, only, when, more) => {
    const { code, stderr } = await init('--ci', preset, '--only', only, '--name', 'docker.acme.io', ...more)
    expect([code, stderr]).toEqual([0, ''])
    expect(config().bindings.map((one: { when: string }) => one.when)).toEqual([when])
  })

  it('makes the folder of the ledger for roles that need one, and none for others', async () => {
    await init(...ALICE)
    expect(existsSync(join(place.folder, 'state'))).toBe(false)
    await init('--yes', ...ALICE, '--ci', 'github-actions', '--only', 'acme')
    expect(statSync(join(place.folder, 'state')).mode & 0o777).toBe(0o700)
  })
})

describe('where something is already', () => {
  it('changes nothing when everything is as it would be made', async () => {
    await init(...ALICE)
    const before = everything()
    const { code, stdout } = await init(...ALICE)
    expect([code, everything()]).toEqual([0, before])
    expect(stdout).toContain('has all of this already')
  })

  it('shows a diff and overwrites nothing without --yes', async () => {
    await init(...ALICE)
    const before = everything()
    const { code, stdout, stderr } = await init('--person', 'alice:observer', '--name', 'docker.acme.io')
    expect([code, everything()]).toEqual([1, before])
    expect(stdout).toContain('-  - { role: operator, issuer: staff')
    expect(stdout).toContain('+  - { role: observer, issuer: staff')
    expect(stderr).toContain('nothing was written')
  })

  it('overwrites with --yes, and keeps the authority, its list and the keys that it has', async () => {
    await init(...ALICE)
    const kept = [
      'ca.pem',
      'ca-key.pem',
      'crl.pem',
      'server/key.pem',
      'clients/alice/cert.pem',
      'clients/alice/key.pem',
    ]
    const before = kept.map(read)
    const { code } = await init('--yes', ...ALICE, '--person', 'bob', '--name', 'other.acme.io')
    expect([code, kept.map(read)]).toEqual([0, before])
    expect(config().bindings).toHaveLength(2)
  })

  it('keeps the mode of what it overwrites', async () => {
    await init(...ALICE)
    chmodSync(join(gate(), 'dockgate.yaml'), 0o640)
    await init('--yes', ...ALICE, '--person', 'bob')
    expect(statSync(join(gate(), 'dockgate.yaml')).mode & 0o777).toBe(0o640)
  })

  it('makes a server certificate for a name that the old one does not have', async () => {
    await init(...ALICE)
    const before = read('server/cert.pem')
    await init('--yes', '--person', 'alice:operator', '--name', 'other.acme.io')
    expect(read('server/cert.pem')).not.toBe(before)
  })

  it("says how to let the service into a folder that is its owner's alone", async () => {
    mkdirSync(gate(), { mode: 0o700 })
    expect((await init(...ALICE)).stdout).toContain(`  chgrp dockgate ${gate()}\n  chmod 0750 ${gate()}\n`)
  })

  it("keeps files that are not init's", async () => {
    mkdirSync(gate())
    writeFileSync(join(gate(), 'notes'), 'mine')
    await init(...ALICE)
    expect(read('notes')).toBe('mine')
  })
})

it('prints everything with --dry-run, but for keys, and writes nothing', async () => {
  const { code, stdout } = await init('--dry-run', ...ALICE, '--ci', 'github-actions', '--only', 'acme')
  expect([code, everything()]).toEqual([0, []])
  expect(readdirSync(place.folder)).toEqual([])
  expect(stdout).toContain(`==> ${gate()}/dockgate.yaml\n# yaml-language-server`)
  expect(stdout).toContain(`==> ${gate()}/server/key.pem (new, mode 0600, not shown)`)
  expect(stdout).not.toContain('PRIVATE KEY')
})

it('leaves nothing behind when nobody reads what it prints', async () => {
  const init = ['init', '--dry-run', '--folder', gate(), '--root', place.folder, ...ALICE]
  const staged = { ...process.env, TMPDIR: place.folder }
  const child = spawn(process.execPath, [MAIN, ...init], { env: staged, stdio: ['ignore', 'pipe', 'ignore'] })
  child.stdout.destroy()
  await once(child, 'close')
  expect(readdirSync(place.folder)).toEqual([])
})

describe('when it cannot be', () => {
  it.each([
    [[], 'say who calls'],
    [['--ci', 'github-actions'], 'say whose jobs with --only'],
    [['--ci', 'kubernetes', '--only', 'a:b'], '--issuer'],
    [['--only', 'acme'], '--only goes with --ci'],
    [['--ci', 'google', '--only', 'a', '--when', 'true'], '--only and --when say the same'],
    [['--person', 'alice:opreator'], 'no such role: opreator'],
    [['--person', '../alice'], 'cannot be the name of a folder'],
    [['--person', 'alice:socket-proxy'], '--from docker-socket-proxy'],
    [['--person', 'alice', '--variable', 'POST=1'], '--from docker-socket-proxy'],
    [['--person', 'alice', '--address', 'unix:///x'], '--address unix:///x'],
    [['--person', 'alice', '--name', 'no name'], 'neither a DNS name nor an IP address'],
    [['--ci', 'github-actions', '--when', 'claims.ref =='], 'dockgate.yaml:'],
    [['--ci', 'github-actions', '--when', 'claims.ref == "main"'], 'lets strangers in'],
    [['--person', 'alice', '--engine', 'tcp://x'], 'is no unix socket'],
    [['--from', 'docker-socket-proxy', '--person', 'a'], '--env-file or --variable'],
    [['--from', 'tlsverify'], 'not set up to listen on TCP'],
    [['--from', 'tcp', '--person', 'alice'], 'not set up to listen on TCP'],
    [['--from', 'docker-socket-proxy', '--person', 'a', '--variable', 'CONTAINER=1'], 'did you mean "CONTAINERS"?'],
    [['--from', 'docker-socket-proxy', '--person', 'a', '--variable', 'POST=true'], 'neither 0 nor 1'],
    [['--from', 'docker-socket-proxy', '--person', 'a', '--variable', 'ALLOW_PAUSE=1'], '--proxy linuxserver'],
  ])('refuses %j, and leaves nothing behind', async (args, message) => {
    const said = await initHere(...args).then(
      () => '',
      (error: Error) => error.message,
    )
    expect(said).toContain(message)
    expect(said).not.toContain('.init-')
    expect(readdirSync(place.folder)).toEqual([])
  })

  it.each([
    [['--person', 'alice:opreator'], 'no such role: opreator'],
    [['--ci', 'github-actions', '--when', 'claims.ref =='], 'dockgate.yaml:'],
    [[], 'say who calls'],
  ])('ends with exit code 2 for %j', async (args, message) => {
    const { code, stderr } = await init(...args)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })

  it('leaves nothing behind when the folder of the ledger cannot be made', async () => {
    writeFileSync(join(place.folder, 'file'), '')
    const { code } = await init(
      '--ledger',
      join(place.folder, 'file/ledger.sqlite'),
      '--ci',
      'google',
      '--only',
      'a@b.io',
    )
    expect([code, readdirSync(place.folder)]).toEqual([1, ['file']])
  })

  it('changes nothing when a file of an authority is missing', async () => {
    await init(...ALICE)
    writeFileSync(join(gate(), 'server/cert.pem'), createAuthority().certificate)
    const before = everything()
    const { code, stderr } = await init('--yes', ...ALICE)
    expect([code, everything()]).toEqual([1, before])
    expect(stderr).toContain(`${gate()}/server/cert.pem is not of the authority`)
  })
})

/** The files of dockerd, with certificates that another authority than init's has made. */
function dockerd(files: Readonly<Record<string, string>>): void {
  // As the root of a machine is.
  chmodSync(place.folder, 0o755)
  const authority = createAuthority({ name: 'old' })
  const server = authority.issueServer({ names: ['docker.acme.io', '127.0.0.1'] })
  const all = {
    'etc/docker/ca.pem': authority.certificate,
    'etc/docker/cert.pem': server.certificate,
    'etc/docker/key.pem': server.key,
    ...files,
  }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(join(place.folder, name, '..'), { recursive: true })
    writeFileSync(join(place.folder, name), text, { mode: name.endsWith('key.pem') ? 0o400 : 0o644 })
  }
}

const UNIT = 'lib/systemd/system/docker.service'
const TLS = '--tlsverify --tlscacert=/etc/docker/ca.pem --tlscert=/etc/docker/cert.pem --tlskey=/etc/docker/key.pem'
const JSON_TLS = {
  tlsverify: true,
  tlscacert: '/etc/docker/ca.pem',
  tlscert: '/etc/docker/cert.pem',
  tlskey: '/etc/docker/key.pem',
}

describe('--from tlsverify', () => {
  it.each([
    [
      'daemon.json',
      {
        [UNIT]: '[Service]\nExecStart=/usr/bin/dockerd\n',
        'etc/docker/daemon.json': JSON.stringify({
          ...JSON_TLS,
          hosts: ['unix:///var/run/docker.sock', 'tcp://0.0.0.0:2376'],
        }),
      },
      [
        '/etc/docker/daemon.json: in place of "hosts" there; take "tlscacert", "tlscert", "tlskey", "tlsverify" out of',
        '"hosts": ["unix:///var/run/docker.sock"]',
      ],
    ],
    [
      'a unit with a drop-in',
      {
        [UNIT]: '[Service]\nExecStart=/usr/bin/dockerd -H fd://\n',
        'etc/systemd/system/docker.service.d/tcp.conf': `[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -H fd:// -H tcp://0.0.0.0:2376 ${TLS}\n`,
      },
      ['/etc/systemd/system/docker.service.d/tcp.conf', 'ExecStart=/usr/bin/dockerd -H fd://\n'],
    ],
    [
      'DOCKER_OPTS',
      {
        [UNIT]: '[Service]\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/bin/dockerd $DOCKER_OPTS\n',
        'etc/default/docker': `DOCKER_OPTS="-H unix:///var/run/docker.sock -H 0.0.0.0:2376 ${TLS}"\n`,
      },
      [
        '/etc/default/docker: in place of the line that sets DOCKER_OPTS',
        'DOCKER_OPTS="-H unix:///var/run/docker.sock"',
      ],
    ],
  ])('takes over what %s says, and prints what to change there', async (_, files, changes) => {
    dockerd(files)
    const { code, stdout, stderr } = await init('--from', 'tlsverify')
    expect([code, config().listeners[0].address]).toEqual([0, '0.0.0.0:2376'])
    expect(config().engine).toMatch(/^unix:\/\/\/(var\/)?run\/docker\.sock$/)
    for (const change of changes) expect(stdout).toContain(change)
    expect(stderr).toContain('EVERY certificate of the authority stays root')
    for (const name of Object.keys(files)) {
      expect(readFileSync(join(place.folder, name), 'utf8'), name).toBe((files as Record<string, string>)[name])
    }
  })

  it('serves the same certificate with a key of its own, for certificates of the old authority only', async () => {
    dockerd({ 'etc/docker/daemon.json': JSON.stringify({ ...JSON_TLS, hosts: ['tcp://127.0.0.1:2376'] }) })
    await init('--from', 'tlsverify')
    const authority = join(place.folder, 'etc/docker/ca.pem')
    expect(config().listeners).toEqual([
      {
        name: 'public',
        address: '127.0.0.1:2376',
        tls: {
          certificate: 'server/cert.pem',
          key: 'server/key.pem',
          clientAuthorities: authority,
          clientCertificates: 'required',
        },
      },
    ])
    expect(config().issuers).toEqual({ staff: { certificate: { authorities: authority } } })
    expect(read('server/cert.pem')).toBe(readFileSync(join(place.folder, 'etc/docker/cert.pem'), 'utf8'))
    expect(statSync(join(gate(), 'server/key.pem')).mode & 0o777).toBe(0o600)
    expect(existsSync(join(gate(), 'ca-key.pem'))).toBe(false)
  })

  it('lets jobs in beside the certificates, on the same address', async () => {
    dockerd({ 'etc/docker/daemon.json': JSON.stringify({ ...JSON_TLS, hosts: ['tcp://127.0.0.1:2376'] }) })
    const { code } = await init(
      '--from',
      'tlsverify',
      '--ci',
      'github-actions',
      '--only',
      'acme/shop',
      '--name',
      'docker.acme.io',
    )
    expect([code, config().listeners[0].tls.clientCertificates]).toEqual([0, 'optional'])
    expect(config().bindings.map((one: { role: string }) => one.role)).toEqual(['admin', 'ci-run'])
  })

  it('copies an authority that the service could not read', async () => {
    dockerd({
      'etc/docker/daemon.json': JSON.stringify({
        ...JSON_TLS,
        tlscacert: '/root/.docker/ca.pem',
        hosts: ['tcp://127.0.0.1:2376'],
      }),
    })
    mkdirSync(join(place.folder, 'root/.docker'), { recursive: true, mode: 0o700 })
    const authority = readFileSync(join(place.folder, 'etc/docker/ca.pem'), 'utf8')
    writeFileSync(join(place.folder, 'root/.docker/ca.pem'), authority)
    await init('--from', 'tlsverify')
    expect(config().listeners[0].tls.clientAuthorities).toBe('clients-ca.pem')
    expect(read('clients-ca.pem')).toBe(authority)
  })

  it.each([
    [{ hosts: ['tcp://0.0.0.0:2375'] }, 'say --from tcp'],
    [{ ...JSON_TLS, tlsverify: false, hosts: ['tcp://0.0.0.0:2376'] }, 'asks nobody for a certificate'],
    [{ ...JSON_TLS, tlskey: '/etc/docker/none.pem', hosts: ['tcp://0.0.0.0:2376'] }, "dockerd's tlskey is missing"],
  ])('refuses %j', async (json, message) => {
    dockerd({ 'etc/docker/daemon.json': JSON.stringify(json) })
    const { code, stderr } = await init('--from', 'tlsverify')
    expect([code, existsSync(gate())]).toEqual([2, false])
    expect(stderr).toContain(message)
  })
})

describe('--from tcp', () => {
  it('keeps the address for programs on the host, for callers with a token, and has TLS for the others', async () => {
    dockerd({ 'etc/docker/daemon.json': JSON.stringify({ hosts: ['tcp://0.0.0.0:2375'] }) })
    const { code, stdout, stderr } = await init('--from', 'tcp', '--person', 'alice', '--name', 'docker.acme.io')
    expect(code).toBe(0)
    expect(
      config().listeners.map((one: { address: string; tls?: object }) => [one.address, one.tls !== undefined]),
    ).toEqual([
      ['0.0.0.0:2376', true],
      ['127.0.0.1:2375', false],
    ])
    expect(config().bindings).toEqual([
      { role: 'operator', issuer: 'staff', when: 'cert.commonName == "alice"' },
      { role: 'operator', issuer: 'local', when: 'subject == "alice"' },
    ])
    expect(statSync(join(gate(), 'clients/alice/config.json')).mode & 0o777).toBe(0o600)
    expect(JSON.parse(read('clients/alice/config.json')).HttpHeaders.Authorization).toMatch(/^Bearer ey/)
    expect(stdout).toContain('take "hosts" out of /etc/docker/daemon.json')
    expect(stdout).not.toContain('Bearer ey')
    expect(stderr).toContain('without a certificate and without a token cannot go on')
  })

  it('refuses a dockerd with tlsverify', async () => {
    dockerd({ 'etc/docker/daemon.json': JSON.stringify({ ...JSON_TLS, hosts: ['tcp://0.0.0.0:2376'] }) })
    expect((await init('--from', 'tcp', '--person', 'alice')).stderr).toContain('say --from tlsverify')
  })
})

describe('--from docker-socket-proxy', () => {
  it("turns the environment of the proxy's container into a role, which options override", async () => {
    writeFileSync(
      join(place.folder, 'proxy.env'),
      'PATH=/usr/bin\nHAPROXY_VERSION=3\nCONTAINERS=1\nPOST=1\nEVENTS=0\nLOG_LEVEL=info\n',
    )
    const env = ['--env-file', join(place.folder, 'proxy.env'), '--variable', 'POST=0']
    const { code, stderr } = await init('--from', 'docker-socket-proxy', ...env, '--person', 'traefik')
    expect(code).toBe(0)
    const { allow } = config().roles['socket-proxy']
    expect(allow).toContain('ContainerList')
    expect(allow).not.toContain('ContainerStart')
    expect(allow).not.toContain('SystemEvents')
    expect(config().bindings).toEqual([{ role: 'socket-proxy', issuer: 'staff', when: 'cert.commonName == "traefik"' }])
    expect(stderr).toContain('left out: PATH, HAPROXY_VERSION, LOG_LEVEL')
    expect(stderr).not.toContain('ROOT ON THIS HOST')
  })

  it('says so when the role is root on the host', async () => {
    const on = ['--variable', 'CONTAINERS=1', '--variable', 'POST=1']
    const { stderr } = await init('--from', 'docker-socket-proxy', ...on, '--person', 'portainer')
    expect(stderr).toContain('ROOT ON THIS HOST, by role socket-proxy: portainer')
    expect(read('dockgate.yaml')).toContain('- ContainerCreate # root on the host')
  })

  it('names the file and the line of a value that is none', async () => {
    writeFileSync(join(place.folder, 'proxy.env'), '# theirs\nCONTAINERS=yes\n')
    const { code, stderr } = await init('--from', 'docker-socket-proxy', '--env-file', 'proxy.env', '--person', 'a')
    expect(code).toBe(2)
    expect(stderr).toContain('proxy.env:2: CONTAINERS="yes" is neither 0 nor 1')
  })
})
