import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createAuthority } from '../../src/pki/authority.ts'
import {
  createRoute,
  directRoute,
  docker,
  type Route,
  runClient,
  temporaryDirectory,
} from '../support/docker-client.ts'
import { type Engine, startEngine } from '../support/engines.ts'
import type { Built } from './built.ts'

const DEPLOY = path.join(import.meta.dirname, '../../deploy/docker')
const NODE = path.join(import.meta.dirname, '../../node_modules/node/bin/node')
const BASE = 'local-base:test'
const USER = 64738

/** What stands in for debian:13-slim: busybox, whose dpkg-deb unpacks gzip, and the libraries that Node is linked to. */
const PACK = `set -e; root=$(mktemp -d); trap 'rm -rf "$root"' EXIT; cd "$root"
  mkdir bin tmp; cp "$(command -v busybox)" bin/busybox
  for applet in sh mkdir touch dpkg-deb; do ln -s busybox "bin/$applet"; done
  ldd "$1" | grep -o '/[^ ]*' | while read -r file; do mkdir -p ".$(dirname "$file")"; cp -L "$file" ".$file"; done
  tar -c --mtime=@0 . | docker import - "$2"`

const CONFIG = `listeners:
  - address: 0.0.0.0:2376
    tls: { certificate: tls/server.crt, key: tls/server.key, clientAuthorities: tls/ca.crt }
engine: unix:///var/run/docker.sock
issuers: { staff: { certificate: { authorities: tls/ca.crt } } }
roles: { observer: { allow: [read] } }
bindings: [{ role: observer, issuer: staff }]
records: { file: /var/log/dockgate/records.jsonl }
admin: { socket: /run/dockgate/admin.sock }
`

export function imageTests(built: Built): void {
  const folder = temporaryDirectory('image')
  const at = (name: string) => path.join(folder.path, name)
  let engine: Engine
  let direct: Route
  let through: Route
  let container: string

  /** Runs a client in the engine's own network, where the ports of its containers are. */
  const inside = (route: Route, argv: readonly string[]) =>
    runClient(route, ['nsenter', '--target', engine.enter[2] ?? '', '--net', '--', ...argv])
  const succeed = async (argv: readonly string[]) => {
    const { code, stdout, stderr } = await runClient(direct, argv, { cwd: folder.path, timeout: 110_000 })
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stdout}${stderr}`)
    return stdout.trim()
  }
  const inspect = async (format: string) =>
    JSON.parse(await succeed(['docker', 'inspect', '--format', `{{json ${format}}}`, container]))

  beforeAll(async () => {
    engine = await startEngine('old')
    direct = directRoute(engine.socket, at('direct'))
    await succeed(['sh', '-c', PACK, 'sh', NODE, BASE])
    const file = path.join(DEPLOY, 'Dockerfile')
    await succeed([
      'docker',
      'build',
      '--quiet',
      '--build-arg',
      `BASE=${BASE}`,
      '--file',
      file,
      '--tag',
      'dockgate',
      built.folder,
    ])

    const authority = createAuthority()
    const server = authority.issueServer({ names: ['localhost'] })
    chmodSync(folder.path, 0o755)
    mkdirSync(at('tls'))
    writeFileSync(at('tls/ca.crt'), authority.certificate)
    writeFileSync(at('tls/server.crt'), server.certificate)
    writeFileSync(at('tls/server.key'), server.key, { mode: 0o600 })
    chownSync(at('tls/server.key'), USER, USER)
    writeFileSync(at('dockgate.yaml'), CONFIG)
    cpSync(path.join(DEPLOY, 'compose.yaml'), at('compose.yaml'))
    writeFileSync(at('.env'), `DOCKER_GID=${statSync(engine.socket).gid}\nDOCKER_SOCKET=${engine.socket}\n`)
    await succeed(['docker-compose', '--project-name', 'gate', 'up', '--detach'])
    container = await succeed(['docker-compose', '--project-name', 'gate', 'ps', '--quiet', 'dockgate'])
    through = createRoute({
      name: 'gate',
      host: 'tcp://localhost:2376',
      directory: at('client'),
      authority: authority.certificate,
      certificate: authority.issueClient({ name: 'alice' }),
    })
    const health = await inspect('.Config.Healthcheck.Test')
    expect(health.shift()).toBe('CMD')
    await vi.waitFor(() => succeed(['docker', 'exec', container, ...health]), { timeout: 60_000, interval: 200 })
  })
  afterAll(async () => {
    await engine.stop()
    folder.remove()
  })

  it('runs a gate whose health check says that it is ready', async () => {
    const [, ...argv] = await inspect('.Config.Healthcheck.Test')
    const answer = await succeed(['docker', 'exec', container, ...argv])
    expect(answer).toMatch(/^ready\n/)
    expect(answer).toMatch(/ok {2}engine .* answers/)
  })

  it('serves the docker client, what its role allows and no more', async () => {
    const listed = await inside(through, ['docker', 'ps', '--format', '{{.Image}}'])
    expect([listed.code, listed.stdout]).toEqual([0, 'dockgate\n'])
    const refused = await inside(through, ['docker', 'kill', container])
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('dockgate')])
    expect(await inspect('.State.Running')).toBe(true)
  })

  it('is nobody, may nothing, and cannot write its own files', async () => {
    const shell = (script: string) => succeed(['docker', 'exec', container, 'sh', '-c', script])
    const facts = await shell(
      'while read -r key value; do case $key in Uid:|CapEff:|CapBnd:|NoNewPrivs:) echo "$key $value";; esac; done </proc/1/status',
    )
    expect(facts.replaceAll('\t', ' ').split('\n')).toEqual([
      `Uid: ${USER} ${USER} ${USER} ${USER}`,
      'CapEff: 0000000000000000',
      'CapBnd: 0000000000000000',
      'NoNewPrivs: 1',
    ])
    await expect(shell('touch /usr/lib/dockgate/x')).rejects.toThrow('Read-only file system')
    await expect(shell('touch /etc/dockgate/x')).rejects.toThrow('Read-only file system')
    await shell('touch /run/dockgate/x /var/lib/dockgate/x /var/log/dockgate/x')
    expect(await inspect('.HostConfig.ReadonlyRootfs')).toBe(true)
  })

  it('holds the program and none of what it was made with', async () => {
    const history = await succeed(['docker', 'history', '--no-trunc', '--format', '{{.CreatedBy}}', 'dockgate'])
    expect(history).not.toContain('dockgate.deb')
    expect(await succeed(['docker', 'exec', container, 'dockgate', 'version'])).toMatch(/^dockgate \d/)
  })

  it('reloads, and ends in order when it is stopped', async () => {
    await succeed(['docker', 'kill', '--signal', 'HUP', container])
    await vi.waitFor(async () => {
      const { stderr } = await docker(direct, ['logs', container])
      expect(stderr).toContain('generation 2 is in force')
    })
    await succeed(['docker', 'stop', container])
    expect(await inspect('.State.ExitCode')).toBe(0)
    await succeed(['docker', 'start', container])
  })

  it('does not start without the group of the socket', () => {
    const env = { PATH: process.env.PATH ?? '', DOCKER_HOST: 'unix:///nonexistent' }
    const config = () =>
      execFileSync('docker-compose', ['--file', path.join(DEPLOY, 'compose.yaml'), 'config'], { env, stdio: 'pipe' })
    expect(config).toThrow('the number of the group of /var/run/docker.sock')
  })
}
