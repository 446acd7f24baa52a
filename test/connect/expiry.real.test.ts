import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { githubTokens } from '../../src/connect/token-github.ts'
import { docker, killGroup, startClient } from '../support/docker-client.ts'
import { type Engine, startEngine } from '../support/engines.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type LocalSocket, openLocal } from './through.ts'

/** Tokens of a CI job live for five minutes or more; these for three seconds, so that half an hour passes in one and a half of ours. */
const LIFETIME_MS = 3_000
const TOKENS = 6

let engine: Engine
let gate: TestGate
let issuer: http.Server
let local: LocalSocket
let issued = 0
/** The role of the tokens that are issued. */
let role = 'job'

beforeAll(async () => {
  engine = await startEngine('old')
  gate = await startTestGate(engine.socket, { job: '{ extends: admin, grace: { sessions: unlimited } }' })
  issuer = http.createServer((_request, response) => {
    issued++
    void gate.token({ role }, LIFETIME_MS).then((value) => response.end(JSON.stringify({ count: value.length, value })))
  })
  issuer.listen(0, '127.0.0.1')
  await once(issuer, 'listening')
  const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/token?api-version=2.0`
  const job = { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 's3cret' }
  local = await openLocal(gate, githubTokens('dockgate', job))
}, 300_000)
afterAll(async () => {
  local?.close()
  issuer?.closeAllConnections()
  issuer?.close()
  await gate?.close()
  await engine?.stop()
})

/** What a client prints, as it comes. */
function follow(argv: readonly string[]) {
  const child = startClient(local.route, ['docker', ...argv])
  const followed = { child, output: '' }
  child.stdout.on('data', (chunk) => {
    followed.output += chunk
  })
  return followed
}

it('carries logs -f, exec and one command after the other while every token ends after three seconds', async () => {
  const { route } = local
  const script = 'i=0; while [ ! -e /stop ]; do i=$((i+1)); echo line $i; sleep 0.2; done; echo end'
  await docker(route, ['run', '-d', '--name', 'box', '--net', 'none', 'busybox:test', 'sh', '-c', script])
  const logs = follow(['logs', '--follow', 'box'])
  const exec = follow(['exec', '-i', 'box', 'cat'])
  try {
    const first = issued
    let commands = 0
    for (; issued - first < TOKENS; commands++) {
      exec.child.stdin.write(`word ${commands}\n`)
      const outcome = await docker(route, ['exec', '-i', 'box', 'sh', '-c', 'cat; exit 3'], { stdin: `${commands}\n` })
      expect(outcome).toEqual({ code: 3, stdout: `${commands}\n`, stderr: '' })
      const build = await docker(route, ['build', '-q', '-'], { stdin: `FROM busybox:test\nLABEL n=${commands}\n` })
      expect(build).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sha256:/) })
    }
    exec.child.stdin.end()
    const ended = [once(exec.child, 'close'), once(logs.child, 'close')]
    await docker(route, ['exec', 'box', 'touch', '/stop'])
    for (const closed of ended) expect((await closed)[0]).toBe(0)
    expect(exec.output).toBe(Array.from({ length: commands }, (_, n) => `word ${n}\n`).join(''))
    expect(logs.output).toMatch(/^line 1\n(line \d+\n)+end\n$/)
    expect(gate.records().filter(({ status }) => status === 401)).toEqual([])
  } finally {
    killGroup(logs.child)
    killGroup(exec.child)
  }
})

it('ends an exec with why when its token ends and the role has no grace, and goes on with the next command', async () => {
  role = 'operator'
  const { route } = local
  await docker(route, ['run', '-d', '--name', 'strict', '--net', 'none', 'busybox:test', 'sleep', '1000'])
  // The last token of the other role serves until it is replaced.
  await expect
    .poll(
      async () => {
        const ended = await docker(route, ['exec', 'strict', 'sleep', '6'])
        return ended.stderr
      },
      { timeout: 60_000 },
    )
    .toContain('dockgate: session ended: the token expired')
  expect(await docker(route, ['exec', 'strict', 'echo', 'on'])).toEqual({ code: 0, stdout: 'on\n', stderr: '' })
})

it('is held against a gate that does refuse a token of three seconds ago', async () => {
  const headers = { authorization: `Bearer ${await gate.token({}, LIFETIME_MS)}` }
  const ask = async () => (await fetch(`${gate.urls.tcp.replace('tcp:', 'http:')}/info`, { headers })).status
  expect(await ask()).toBe(200)
  await expect.poll(ask, { timeout: 10_000 }).toBe(401)
})
