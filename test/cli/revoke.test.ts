import { appendFileSync, chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTokenKey, LOCAL_AUDIENCE, LOCAL_ISSUER, publicTokenKey, signToken } from '../../src/pki/token.ts'
import { rawRequest } from '../support/raw-client.ts'
import { type Workplace, workplace } from './program.ts'

let place: Workplace
const key = createTokenKey()
const at = (name: string) => join(place.folder, name)
const written = () => readFileSync(at('revoked.jsonl'), 'utf8')
const revoke = (...args: string[]) => place.run('revoke', '-c', 'dockgate.yaml', ...args)

const configuration = (more: string) => `listeners: [{ address: '127.0.0.1:0' }]
engine: unix:///nowhere/docker.sock
issuers:
  local: { jwt: { issuer: '${LOCAL_ISSUER}', audience: '${LOCAL_AUDIENCE}', publicKey: token.pem } }
  staff: { certificate: { authorities: not-there.pem } }
roles: { reader: { allow: [read] } }
bindings: [{ role: reader, issuer: local }]
${more}`

beforeEach(() => {
  place = workplace()
  writeFileSync(at('token.pem'), publicTokenKey(key))
  writeFileSync(at('dockgate.yaml'), configuration('revocations: { file: revoked.jsonl }'))
})
afterEach(() => place.remove())

it('makes the file for its owner alone, appends a line each time, and says what it stops', async () => {
  const first = await revoke('--issuer', 'local', '--subject', 'alice', '--reason', 'laptop stolen')
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.stdout).toContain('revoked: subject "alice" of issuer "local"\n')
  expect(first.stdout).toContain('end what they have open')
  expect(statSync(at('revoked.jsonl')).mode & 0o777).toBe(0o600)
  await revoke('--issuer', 'local', '--issued-before', 'now')
  const lines = written()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toEqual([
    { issuer: 'local', subject: 'alice', reason: 'laptop stolen', at: expect.stringMatching(/Z$/) },
    { issuer: 'local', issuedBefore: expect.stringMatching(/Z$/), at: expect.stringMatching(/Z$/) },
  ])
  const listed = await revoke('--list')
  expect(listed.stdout).toMatch(/subject "alice" of issuer "local" \(laptop stolen\)\n.*tokens issued before 20/)
  expect(JSON.parse((await revoke('--list', '--json')).stdout).entries).toEqual(lines)
})

it('keeps the mode of a file that is there, and ends the line that an editor left open', async () => {
  writeFileSync(at('revoked.jsonl'), '{"jti":"one","at":"2026-01-31T12:00:00Z"}', { mode: 0o640 })
  chmodSync(at('revoked.jsonl'), 0o640)
  const { stdout } = await revoke('--jti', 'two', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ file: at('revoked.jsonl'), entry: { jti: 'two' } })
  expect(written()).toMatch(/^\{"jti":"one".*\}\n\{"jti":"two".*\}\n$/)
  expect(statSync(at('revoked.jsonl')).mode & 0o777).toBe(0o640)
})

it.each([
  ['nothing', [], 'whom?'],
  ['a subject without issuer', ['--subject', 'a'], '--issuer'],
  ['a moment without issuer', ['--issued-before', 'now'], '--issuer'],
  ['an issuer alone', ['--issuer', 'local'], 'whom?'],
  ['an issuer that is not there', ['--issuer', 'locla', '--subject', 'a'], 'did you mean "local"?'],
  ['a moment for certificates', ['--issuer', 'staff', '--issued-before', 'now'], '--fingerprint'],
  ['a moment to come', ['--issuer', 'local', '--issued-before', '2999-01-01T00:00:00Z'], 'future'],
  ['half a fingerprint', ['--fingerprint', 'abcd'], '64 hex digits'],
])('refuses %s, and writes nothing', async (_, args, said) => {
  const { code, stderr } = await revoke(...args)
  expect([code, stderr]).toEqual([2, expect.stringContaining(said)])
  expect(existsSync(at('revoked.jsonl'))).toBe(false)
})

it('adds nothing to a file that gates do not read', async () => {
  writeFileSync(at('revoked.jsonl'), 'nonsense\n', { mode: 0o600 })
  const { code, stderr } = await revoke('--jti', 'one')
  expect([code, stderr]).toEqual([1, expect.stringContaining('revoked.jsonl:1: the line is not one line of JSON')])
  expect(written()).toBe('nonsense\n')
})

it('says what to add to a configuration that names no file', async () => {
  writeFileSync(at('dockgate.yaml'), configuration(''))
  const { code, stderr } = await revoke('--jti', 'one')
  expect([code, stderr]).toEqual([2, expect.stringContaining('revocations: { file: revoked.jsonl }')])
})

// It is reached within a second: once in three, as a busy machine lets nothing happen for as long.
it('reaches a gate that runs, and its check and its start refuse a broken file with the line', {
  retry: 2,
}, async () => {
  writeFileSync(at('dockgate.yaml'), configuration('revocations: { file: revoked.jsonl }').replace(/ {2}staff.*\n/, ''))
  writeFileSync(at('revoked.jsonl'), '', { mode: 0o600 })
  const gate = await place.start(['serve', '-c', 'dockgate.yaml'], 'listening on tcp://')
  const port = Number(/tcp:\/\/127\.0\.0\.1:(\d+)/.exec(gate.output())?.[1])
  const { token } = await signToken(key, { subject: 'alice', claims: {}, lifetime: 60_000 })
  const ask = async () =>
    (
      await rawRequest(
        { host: '127.0.0.1', port },
        `GET /info HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      )
    ).answer
  expect((await ask()).status).toBe(502)
  await revoke('--issuer', 'local', '--subject', 'alice')
  const began = performance.now()
  while ((await ask()).status !== 401) expect(performance.now() - began).toBeLessThan(1_000)
  expect((await ask()).text()).toContain('was revoked at 20')
  expect(await gate.stop()).toBe(0)

  appendFileSync(at('revoked.jsonl'), '{"sub":"bob"}\n')
  for (const command of ['check', 'serve']) {
    const { code, stderr } = await place.run(command, '-c', 'dockgate.yaml')
    expect([code, stderr]).toEqual([2, expect.stringContaining('revoked.jsonl:2: the line has the unknown key "sub"')])
  }
})
