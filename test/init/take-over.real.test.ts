import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createAuthority } from '../../src/pki/authority.ts'
import { BASE_IMAGE, type Engine, startEngine } from '../support/engines.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let folder: string
let engine: Engine | null = null
let gate: ChildProcess | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-takeover-'))
})
afterEach(async () => {
  if (gate !== null && gate.exitCode === null) {
    gate.kill('SIGKILL')
    await once(gate, 'close')
  }
  await engine?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a program on the engine's network and with its /etc/docker. */
async function inside(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [program = '', ...rest] = [...(engine?.enterNetwork ?? []), ...argv]
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder, DOCKER_CLI_HINTS: 'false' },
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, stdout, stderr }
}

const dockgate = (...argv: string[]) => [process.execPath, MAIN, ...argv]

/** Serves the configuration that was made, where the engine is. */
async function serve(): Promise<void> {
  const argv = dockgate('serve', '--config', join(folder, 'gate/dockgate.yaml'))
  const [program = '', ...rest] = [...(engine?.enterNetwork ?? []), ...argv]
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  gate = child
  let said = ''
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk
        if (said.includes('listening on')) resolve()
      })
    }
    child.once('close', () => reject(new Error(`the gate ended: ${said}`)))
  })
}

it('serves the clients of a dockerd with tlsverify by the same command line, on the same address', async () => {
  const authority = createAuthority({ name: 'the old authority' })
  const server = authority.issueServer({ names: ['127.0.0.1'] })
  const client = authority.issueClient({ name: 'anybody' })
  const mine = join(folder, 'client')
  mkdirSync(mine)
  writeFileSync(join(mine, 'ca.pem'), authority.certificate)
  writeFileSync(join(mine, 'cert.pem'), client.certificate)
  writeFileSync(join(mine, 'key.pem'), client.key, { mode: 0o600 })
  const tls = {
    tlsverify: true,
    tlscacert: '/etc/docker/ca.pem',
    tlscert: '/etc/docker/cert.pem',
    tlskey: '/etc/docker/key.pem',
  }
  const files = { 'ca.pem': authority.certificate, 'cert.pem': server.certificate, 'key.pem': server.key }
  const certificates = ['--tlscacert', `${mine}/ca.pem`, '--tlscert', `${mine}/cert.pem`, '--tlskey', `${mine}/key.pem`]
  const docker = ['docker', '--tlsverify', ...certificates, '-H', '127.0.0.1:2376']
  const commands = [
    ['run', '--rm', BASE_IMAGE, 'echo', 'hello'],
    ['run', '--rm', '-v', '/:/host', BASE_IMAGE, 'ls', '/host/etc/docker/key.pem'],
    ['images', '--format', '{{.Repository}}:{{.Tag}}'],
    ['swarm', 'leave'],
  ]
  const answers = async () => {
    const found = []
    for (const command of commands) found.push(await inside(...docker, ...command))
    return found
  }

  engine = await startEngine('old', (socket) => ({
    ...files,
    'daemon.json': JSON.stringify({ ...tls, hosts: ['tcp://127.0.0.1:2376', `unix://${socket}`] }),
  }))
  const before = await answers()
  expect(before.map(({ code }) => code)).toEqual([0, 0, 0, 1])
  const paths = ['--folder', join(folder, 'gate'), '--engine', `unix://${folder}/docker.sock`]
  const admin = ['--admin', join(folder, 'admin.sock')]
  const said = await inside(...dockgate('init', '--yes', '--from', 'tlsverify', ...paths, ...admin))
  expect([said.code, said.stderr]).toEqual([0, expect.stringContaining('stays root on this host')])
  expect(said.stdout).toContain('"tlscacert", "tlscert", "tlskey", "tlsverify" out of /etc/docker/daemon.json')
  await engine.stop()

  // What init says is to be changed: the address and the keys of TLS are gone.
  engine = await startEngine('old', (socket) => ({
    ...files,
    'daemon.json': JSON.stringify({ hosts: [`unix://${socket}`] }),
  }))
  symlinkSync(engine.socket, join(folder, 'docker.sock'))
  await serve()
  expect(await answers()).toEqual(before)
  const stranger = await inside('curl', '-sS', '--cacert', `${mine}/ca.pem`, 'https://127.0.0.1:2376/version')
  expect(stranger.code).not.toBe(0)
  expect(stranger.stdout).not.toContain('ApiVersion')
})

it('serves programs on the host at the old plain address once they have a token, and nobody else there', async () => {
  const hosts = ['tcp://127.0.0.1:2375']
  engine = await startEngine('old', (socket) => ({
    'daemon.json': JSON.stringify({ hosts: [...hosts, `unix://${socket}`] }),
  }))
  const docker = (...more: string[]) => ['docker', ...more, '-H', 'tcp://127.0.0.1:2375']
  const command = ['run', '--rm', BASE_IMAGE, 'echo', 'hello']
  const before = await inside(...docker(), ...command)
  expect([before.code, before.stdout]).toEqual([0, 'hello\n'])
  const paths = ['--folder', join(folder, 'gate'), '--engine', `unix://${folder}/docker.sock`]
  const more = ['--admin', join(folder, 'admin.sock'), '--address', '127.0.0.1:2376', '--person', 'alice']
  const said = await inside(...dockgate('init', '--yes', '--from', 'tcp', ...paths, ...more))
  expect([said.code, said.stdout]).toEqual([0, expect.stringContaining('take "hosts" out of /etc/docker/daemon.json')])
  await engine.stop()

  engine = await startEngine('old', (socket) => ({ 'daemon.json': JSON.stringify({ hosts: [`unix://${socket}`] }) }))
  symlinkSync(engine.socket, join(folder, 'docker.sock'))
  await serve()
  const alice = join(folder, 'gate/clients/alice')
  expect(await inside(...docker('--config', alice), ...command)).toEqual(before)
  const nobody = await inside(...docker(), ...command)
  expect([nobody.code, nobody.stdout]).toEqual([125, ''])
  expect(nobody.stderr).toContain('dockgate')
  const certificates = [
    '--tlscacert',
    `${alice}/ca.pem`,
    '--tlscert',
    `${alice}/cert.pem`,
    '--tlskey',
    `${alice}/key.pem`,
  ]
  expect(await inside('docker', '--tlsverify', ...certificates, '-H', '127.0.0.1:2376', ...command)).toEqual(before)
})
