import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { json } from '../support/engine-answers.ts'
import { openRaw } from '../support/raw-client.ts'
import { type RecordingEngine, startRecordingEngine } from '../support/recording-engine.ts'
import { type Workplace, workplace } from './program.ts'

let place: Workplace
let engine: RecordingEngine
const key = createTokenKey()

beforeEach(async () => {
  place = workplace()
  engine = await startRecordingEngine()
})
afterEach(async () => {
  await place.remove()
  await engine.close()
})

const write = (name: string, content: string) => writeFileSync(join(place.folder, name), content, { mode: 0o600 })

function configure(admin = 'admin: { socket: admin.sock }'): void {
  write('token.pem', publicTokenKey(key))
  write(
    'dockgate.yaml',
    `listeners:
  - address: unix://${place.folder}/gate.sock
engine: unix://${engine.socketPath}
issuers:
  local: { jwt: { issuer: ${LOCAL_ISSUER}, audience: ${LOCAL_AUDIENCE}, publicKey: token.pem } }
roles:
  operator: { extends: admin }
bindings:
  - { role: operator, issuer: local }
records: { file: records.jsonl }
${admin}
`,
  )
}
const serve = () => place.start(['serve', '--config', 'dockgate.yaml'], 'listening on')

it('"ready" prints every check and ends with 0, or with 1 when one fails: fit for a health check', async () => {
  configure()
  await serve()
  const good = await place.run('ready', '--config', 'dockgate.yaml')
  expect(good).toMatchObject({ code: 0, stderr: '' })
  expect(good.stdout).toMatch(
    /^ready\n {2}ok {2}engine +unix:\/\/.* answers\n {2}ok {2}issuers\.local\.jwt +keys of \d+ sec/,
  )

  engine.answer(json(500, {}))
  const bad = await place.run('ready', '--socket', 'admin.sock')
  expect(bad.code).toBe(1)
  expect(bad.stdout).toMatch(/^NOT READY\n {2}FAILS {2}engine +no answer to a ping at /)
})

it('"sessions list" shows who does what, and "sessions end" ends it', async () => {
  configure()
  await serve()
  await engine.waitForRequest(1)
  engine.reset()
  engine.answer(async (request, connection) => {
    await request.whole
    await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n')
  })
  const { token } = await signToken(key, { subject: 'alice', claims: {}, lifetime: 60_000 })
  const client = await openRaw({ path: join(place.folder, 'gate.sock') })
  await client.write(`GET /events HTTP/1.1\r\nHost: docker\r\nAuthorization: Bearer ${token}\r\n\r\n`)
  await engine.waitForRequest(1)
  const shown = await place.run('sessions', 'list', '--socket', 'admin.sock')
  const [head, line = ''] = shown.stdout.split('\n')
  expect(head).toMatch(/^ID +SINCE +WHO +ROLE +OPERATION +OBJECT +IN +OUT$/)
  expect(line).toMatch(/^[0-9a-z]{16} {2}20.*Z {2}local\/alice {2}operator {2}SystemEvents/)
  const id = line.slice(0, 16)
  expect(await place.run('sessions', 'end', id, '--config', 'dockgate.yaml')).toMatchObject({
    code: 0,
    stdout: `ended ${id}\n`,
  })
  await client.ended()
  client.destroy()
})

it('"sessions" says when nothing is under way, and when the id is of nothing', async () => {
  configure()
  const gate = await serve()
  const list = await place.run('sessions', 'list', '--config', 'dockgate.yaml')
  expect(list).toMatchObject({ code: 0, stdout: 'nothing is under way\n' })
  const end = await place.run('sessions', 'end', '../healthz', '--socket', 'admin.sock')
  expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('no session has this id') })
  expect(await gate.stop()).toBe(0)
})

it.each<[string, string[], number, string]>([
  ['neither a configuration nor a socket', ['ready'], 2, 'give either --config'],
  ['both', ['ready', '--config', 'dockgate.yaml', '--socket', 'x'], 2, 'give either --config'],
  ['a configuration without an admin socket', ['sessions', 'list', '-c', 'dockgate.yaml'], 2, 'add admin: { socket:'],
  ['a configuration that is not there', ['ready', '-c', 'absent.yaml'], 2, 'absent.yaml'],
  ['a socket that is not there', ['ready', '--socket', 'absent.sock'], 1, 'is the gate running'],
  ['a file that is no socket', ['sessions', 'list', '--socket', 'dockgate.yaml'], 1, 'dockgate.yaml: '],
])('says what is wrong with %s', async (_, args, code, message) => {
  configure('')
  const outcome = await place.run(...args)
  expect(outcome.code).toBe(code)
  expect(outcome.stderr).toContain(message)
  expect(outcome.stderr.trim().split('\n')).toHaveLength(1)
})

it('says so when something else answers on the socket', async () => {
  configure('')
  const outcome = await place.run('ready', '--socket', engine.socketPath)
  expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining('what answers there is no gate') })
})

it('does not serve without the admin socket that it was told to have', async () => {
  configure('admin: { socket: absent/admin.sock }')
  const outcome = await place.run('serve', '--config', 'dockgate.yaml')
  expect(outcome.code).toBe(1)
  expect(outcome.stderr).toContain('admin.socket: ')
  expect(outcome.stderr).toContain('absent does not exist: mkdir it')
})
