import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openRecords } from '../../src/audit/writer.ts'
import { type Workplace, workplace } from './program.ts'

let place: Workplace

beforeEach(() => {
  place = workplace()
})

afterEach(() => place.remove())

const at = (name: string) => join(place.folder, name)

/** A key, and a file of chained records that was closed in order. */
async function chained() {
  expect(await place.run('audit', 'key', 'records.key')).toMatchObject({ code: 0 })
  const records = await openRecords({
    file: at('r.jsonl'),
    chain: { key: at('records.key'), lines: 3, interval: 60_000 },
  })
  records.begin(null)
  for (let n = 0; n < 6; n++) records.write({ event: 'request', n })
  await records.close()
  return readFileSync(at('r.jsonl'), 'utf8').trimEnd().split('\n')
}

it('makes a key for the gate alone and its public half, verifies with it what the gate wrote, and overwrites no key', async () => {
  await chained()
  expect(statSync(at('records.key')).mode & 0o777).toBe(0o600)
  const verified = await place.run('audit', 'verify', '--key', 'records.key.pub', 'r.jsonl')
  expect(verified).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^holds: 10 lines, numbers 1 to 10; 4 checkpoints, signed/m),
  })
  const again = await place.run('audit', 'key', 'records.key')
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('not overwritten') })
})

it('says where a chain was broken, and exits with 1', async () => {
  const lines = await chained()
  writeFileSync(at('r.jsonl'), `${lines.toSpliced(3, 1).join('\n')}\n`)
  const { code, stdout } = await place.run('audit', 'verify', '--key', 'records.key.pub', 'r.jsonl')
  expect(code).toBe(1)
  expect(stdout).toContain('BROKEN  r.jsonl:4 (number 5 of the chain): number 4 is missing before it\n')
  expect(stdout).toContain('DOES NOT HOLD')
  const { stdout: json } = await place.run('audit', 'verify', '--json', 'r.jsonl')
  expect(JSON.parse(json)).toMatchObject({ holds: false, signatures: 'not checked', breaks: [{ line: 4, seq: 5 }] })
})

it('names what no checkpoint signs, and that the chain holds up to there', async () => {
  const lines = await chained()
  writeFileSync(at('r.jsonl'), `${lines.slice(0, 7).join('\n')}\n`)
  const { code, stdout } = await place.run('audit', 'verify', '--key', 'records.key.pub', 'r.jsonl')
  expect(code).toBe(0)
  expect(stdout).toContain('unverifiable: 2 lines from r.jsonl:6 on')
})

it('does not take a file without a chain for one that holds', async () => {
  writeFileSync(at('plain.jsonl'), '{"v":1}\n')
  expect(await place.run('audit', 'verify', 'plain.jsonl')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('no line is in a chain'),
  })
})

it('exits with 2 when a file cannot be read, or the key is none', async () => {
  const absent = await place.run('audit', 'verify', 'absent.jsonl')
  expect(absent).toMatchObject({ code: 2, stderr: expect.stringContaining('absent.jsonl') })
  writeFileSync(at('no.pub'), 'no key')
  const wrong = await place.run('audit', 'verify', '--key', 'no.pub', 'absent.jsonl')
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('no.pub holds no Ed25519 key') })
})

it('prints the schema of a record', async () => {
  const { code, stdout } = await place.run('audit', 'schema')
  expect(code).toBe(0)
  expect(stdout).toBe(readFileSync(new URL('../../config/schema/record-v1.json', import.meta.url), 'utf8'))
})
