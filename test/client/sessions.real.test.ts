import { once } from 'node:events'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  createRoute,
  docker,
  killGroup,
  type Route,
  startClient,
  temporaryDirectory,
} from '../support/docker-client.ts'
import { type Engine, startEngine } from '../support/engines.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'

/** Long enough for docker to come in, short enough to wait for. */
const LIFETIME = 4_000

let engine: Engine
let gate: TestGate
const folder = temporaryDirectory('sessions')

beforeAll(async () => {
  engine = await startEngine('old')
  gate = await startTestGate(engine.socket)
  const script = 'i=0; while sleep 0.1; do i=$((i+1)); echo tick $i; done'
  await docker(gate.routes['tcp+token'], [
    'run',
    '-d',
    '--name',
    'ticks',
    '--net',
    'none',
    'busybox:test',
    'sh',
    '-c',
    script,
  ])
})

afterAll(async () => {
  await gate?.close()
  await engine?.stop()
  folder.remove()
})

async function shortRoute(): Promise<Route> {
  const token = await gate.token({}, LIFETIME)
  return createRoute({ name: 'short', host: gate.urls.tcp, directory: path.join(folder.path, 'short'), token })
}

it('T134 ends docker exec with a word on stderr when its token expires, while docker logs goes on', async () => {
  const route = await shortRoute()
  const logs = startClient(route, ['docker', 'logs', '--follow', 'ticks'])
  const events = docker(route, ['events'])
  const terminal = docker(route, ['exec', '-it', 'ticks', 'sh', '-c', 'echo begun; sleep 60'], { pty: true })
  const exec = await docker(route, ['exec', 'ticks', 'sh', '-c', 'echo begun; sleep 60'])
  expect(exec.stdout).toBe('begun\n')
  expect(exec.stderr).toMatch(/^dockgate: session ended: the token expired \(record [0-9a-z]{16}\)\n/)
  expect(exec.code).not.toBe(0)
  expect((await terminal).stdout).toMatch(/\r\ndockgate: session ended: the token expired \(record [0-9a-z]{16}\)\r\n/)
  expect((await events).code).not.toBe(0)

  const [later] = await once(logs.stdout, 'data')
  await once(logs.stdout, 'data')
  expect(String(later)).toContain('tick')
  expect(logs.exitCode).toBeNull()
  const ended = once(logs, 'close')
  await docker(gate.routes['tcp+token'], ['rm', '--force', 'ticks'])
  expect(await ended).toEqual([0, null])
  killGroup(logs)
})
