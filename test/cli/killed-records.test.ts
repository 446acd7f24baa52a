import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Pool } from 'undici'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { type RecordingEngine, startRecordingEngine } from '../support/recording-engine.ts'
import { type Workplace, workplace } from './program.ts'

let place: Workplace
let engine: RecordingEngine
let authorization: string

beforeEach(async () => {
  place = workplace()
  engine = await startRecordingEngine()
  const key = createTokenKey()
  writeFileSync(join(place.folder, 'token.pem'), publicTokenKey(key))
  const { token } = await signToken(key, { subject: 'ann', claims: {}, lifetime: 3_600_000 })
  authorization = `Bearer ${token}`
})

afterEach(async () => {
  await place.remove()
  await engine.close()
})

/** A gate in a process of its own. */
async function start(more: string, records = '{ file: records.jsonl }') {
  const text = `listeners: [{ name: plain, address: '127.0.0.1:0' }]
engine: unix://${engine.socketPath}
issuers:
  local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem } }
roles: { operator: { extends: admin } }
bindings: [{ role: operator, issuer: local }]
records: ${records}
${more}
`
  writeFileSync(join(place.folder, 'dockgate.yaml'), text)
  const gate = await place.start(['serve', '--config', 'dockgate.yaml'], 'listening on')
  const port = Number(/listening on tcp:\/\/127\.0\.0\.1:(\d+)/.exec(gate.output())?.[1])
  return { url: `http://127.0.0.1:${port}`, kill: () => gate.stop('SIGKILL') }
}

/** Sends requests on 16 connections until the gate is gone; `answered` has the names of those whose answer came whole. */
function load(url: string, answered: string[]) {
  const pool = new Pool(url, { connections: 16 })
  let sent = 0
  const one = async () => {
    for (;;) {
      const name = `r${sent++}`
      const reads = sent % 3 === 0
      const answer = await pool.request({
        method: reads ? 'GET' : 'POST',
        path: reads ? `/containers/${name}/json` : `/containers/${name}/start`,
        headers: { authorization: sent % 5 === 0 ? 'Bearer no' : authorization },
      })
      await answer.body.dump()
      answered.push(name)
    }
  }
  const over = Promise.allSettled(Array.from({ length: 16 }, one)).then(() => pool.destroy())
  return over
}

/** The names of the objects in the records; a last line that was broken off has none. */
function recorded(): Set<unknown> {
  const text = readFileSync(join(place.folder, 'records.jsonl'), 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n')).split('\n')
  return new Set(whole.map((line) => (JSON.parse(line) as { object: { name: string } | null }).object?.name))
}

it('has every request that it answered in the file when it is killed, with audit.required', async () => {
  const gate = await start('audit: { required: true }')
  const answered: string[] = []
  const over = load(gate.url, answered)
  await vi.waitFor(() => expect(answered.length).toBeGreaterThan(300), 20_000)
  await gate.kill()
  await over
  const written = recorded()
  expect(answered.filter((name) => !written.has(name))).toEqual([])
})

it('has every request in the file when it is killed, but those of the last flush interval', async () => {
  const gate = await start('')
  const answered: string[] = []
  const over = load(gate.url, answered)
  await vi.waitFor(() => expect(answered.length).toBeGreaterThan(300), 20_000)
  // What is answered by now is in the file soon, though the gate goes on answering.
  const before = [...answered]
  await vi.waitFor(() => {
    const written = recorded()
    expect(before.filter((name) => !written.has(name))).toEqual([])
  }, 5_000)
  await gate.kill()
  await over
  const written = recorded()
  expect(before.filter((name) => !written.has(name))).toEqual([])
})

it('leaves a chain that holds when it is killed and started again', async () => {
  await place.run('audit', 'key', 'records.key')
  const chain = 'chain: { key: records.key, lines: 50 }'
  for (let n = 0; n < 2; n++) {
    const gate = await start('', `{ file: records.jsonl, ${chain} }`)
    const answered: string[] = []
    const over = load(gate.url, answered)
    await vi.waitFor(() => expect(answered.length).toBeGreaterThan(100), 20_000)
    await gate.kill()
    await over
  }
  const { code, stdout } = await place.run('audit', 'verify', '--key', 'records.key.pub', 'records.jsonl')
  expect(stdout).toMatch(/^holds: /m)
  expect(code).toBe(0)
})
