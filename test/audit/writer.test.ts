import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openRecords } from '../../src/audit/writer.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-records-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

it('writes one JSON line a record, with its time, and has them all in the file when it is closed', async () => {
  const file = join(folder, 'records.jsonl')
  const records = openRecords(file)
  for (let n = 0; n < 1000; n++) records.write({ n })
  await records.close()
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ n }) => n)).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  expect(Object.keys(lines[0])).toEqual(['v', 'time', 'n'])
})

it('appends to what an earlier run wrote', async () => {
  const file = join(folder, 'records.jsonl')
  for (const n of [1, 2]) {
    const records = openRecords(file)
    records.write({ n })
    await records.close()
  }
  expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(2)
})

it('makes a file that only its owner may read', async () => {
  const file = join(folder, 'records.jsonl')
  await openRecords(file).close()
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('says at once which file cannot be opened', () => {
  const file = join(folder, 'absent', 'records.jsonl')
  expect(() => openRecords(file)).toThrow(file)
})
