import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest'
import { initialConfig } from '../../src/cli/start-config.ts'
import { createDemoEngine } from '../../src/demo/engine.ts'
import { type Outcome, type Running, type Workplace, workplace } from './program.ts'

/** The last line to paste: all is said, and the gate listens. */
const READY = 'run --rm busybox true'
const NOWHERE = { DOCKER_HOST: 'unix:///nowhere/docker.sock' }

let place: Workplace

beforeEach(() => {
  place = workplace(NOWHERE)
  useAddress('127.0.0.1:0')
})

afterEach(() => place.remove())

const inState = (...path: string[]) => join(place.folder, '.dockgate', ...path)

/** The made configuration listens on 2376, which others on this machine may use: tests begin with another address in it. */
function useAddress(address: string): void {
  mkdirSync(inState(), { recursive: true, mode: 0o700 })
  writeFileSync(inState('dockgate.yaml'), initialConfig().replace('127.0.0.1:2376', address))
}

const start = () => place.start(['start'], READY)

/** What a person gets who pastes the printed line that has the text. */
function paste(running: Running, text: string): Promise<Outcome> {
  const line = running
    .output()
    .split('\n')
    .find((printed) => printed.startsWith('  ') && printed.includes(text))
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: place.folder }
    execFile('sh', ['-c', line ?? 'exit 99'], { cwd: place.folder, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

it('says loudly that the engine is a demo when none answers, and why it is not asked', async () => {
  const running = await start()
  expect(running.output()).toContain('DEMO ENGINE: nothing real runs here')
  expect(running.output()).toContain('unix:///nowhere/docker.sock: there is no such socket')
  expect(await running.stop()).toBe(0)
})

it('prints a docker line that works with the client certificate', async () => {
  const running = await start()
  const { code, stdout } = await paste(running, '--tlscert')
  expect([code, stdout]).toEqual([0, expect.stringContaining('CONTAINER ID')])
})

it('prints a docker line that works with the token', async () => {
  const running = await start()
  const { code, stdout } = await paste(running, 'clients/ci')
  expect([code, stdout]).toEqual([0, expect.stringContaining('CONTAINER ID')])
})

it('prints a curl line that works with a fresh token', async () => {
  const running = await start()
  const { code, stdout } = await paste(running, 'curl')
  expect([code, stdout]).toEqual([0, expect.stringContaining('"dockgate-demo"')])
})

it('prints a docker line that is refused, and says what would allow it', async () => {
  const running = await start()
  const { code, stderr } = await paste(running, 'clients/observer')
  expect([code, stderr]).toEqual([125, expect.stringContaining('roles.observer.allow')])
})

it('makes a folder and keys that only their owner may read', async () => {
  await start()
  const mode = (path: string) => statSync(path).mode & 0o777
  const secrets = ['ca-key.pem', 'token-key.pem', 'server/key.pem', 'clients/ops/key.pem', 'clients/ci/config.json']
  expect(secrets.map((path) => mode(inState(path)))).toEqual(secrets.map(() => 0o600))
  expect(['', 'server', 'clients', 'clients/ops'].map((path) => mode(inState(path)))).toEqual(Array(4).fill(0o700))
})

it('reuses what it made when it is run again', async () => {
  await (await start()).stop()
  const contents = () =>
    readdirSync(inState(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'records.jsonl')
      .map((entry) => [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), 'utf8')])
      .sort()
  const before = contents()
  const again = await start()
  expect(again.output()).toContain('reusing what is in .dockgate')
  expect(contents()).toEqual(before)
})

it('serves the engine of DOCKER_HOST, and writes that choice nowhere', async () => {
  const socket = join(place.folder, 'engine.sock')
  const engine = createDemoEngine().listen(socket)
  onTestFinished(() => void engine.close())
  const configured = readFileSync(inState('dockgate.yaml'), 'utf8')
  const running = await place.start(['start'], READY, { DOCKER_HOST: `unix://${socket}` })
  expect(running.output()).toContain(`engine: unix://${socket}`)
  expect(running.output()).not.toContain('DEMO')
  expect(readFileSync(inState('dockgate.yaml'), 'utf8')).toBe(configured)
})

it('says that a DOCKER_HOST of another kind is not used', async () => {
  const running = await place.start(['start'], READY, { DOCKER_HOST: 'tcp://127.0.0.1:2376' })
  expect(running.output()).toContain('DOCKER_HOST=tcp://127.0.0.1:2376 is no unix socket and is not used')
})

it('ends with exit code 1 when its port is taken, and takes its demo engine away again', async () => {
  const taken = net.createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as net.AddressInfo
  useAddress(`127.0.0.1:${port}`)
  const { code, stdout, stderr } = await place.run('start')
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(`dockgate: listener 127.0.0.1:${port}: the address is taken`)
  expect(existsSync(inState('demo.sock'))).toBe(false)
})

it('leaves the demo engine of another start in the same folder alone', async () => {
  const running = await start()
  const { code, stderr } = await place.run('start')
  expect([code, stderr]).toEqual([1, expect.stringContaining('another "dockgate start" serves its demo engine there')])
  expect((await paste(running, 'clients/ci')).code).toBe(0)
})

it('does not listen when a file of its folder is not as it must be', async () => {
  await (await start()).stop()
  writeFileSync(inState('clients', 'ci', 'config.json'), 'broken')
  const { code, stdout, stderr } = await place.run('start')
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^dockgate: .*config\.json is not a docker client's configuration .*; remove it/)
})

it('refuses a configuration that was broken by hand with its place and exit code 2', async () => {
  writeFileSync(inState('dockgate.yaml'), `${initialConfig()}\nlistenrs: []\n`)
  const { code, stderr } = await place.run('start')
  expect(code).toBe(2)
  expect(stderr).toMatch(/^dockgate: \.dockgate\/dockgate\.yaml:\d+:1: listenrs: /)
})

it('makes a configuration that "check" takes', async () => {
  const { code, stdout } = await makeAndCheck()
  expect(code).toBe(0)
  expect(stdout).toMatch(/operator {2}UNBOUNDED/)
})

async function makeAndCheck(): Promise<Outcome> {
  await (await start()).stop()
  writeFileSync(inState('dockgate.yaml'), initialConfig())
  return place.run('check', '--config', '.dockgate/dockgate.yaml')
}
