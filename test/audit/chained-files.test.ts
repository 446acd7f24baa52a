import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { appendFileSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { linesOf } from '../../src/audit/lines.ts'
import { verifyChain } from '../../src/audit/verify.ts'
import { openRecords, type RecordsOptions, type RecordWriter } from '../../src/audit/writer.ts'
import { temporaryDirectory } from '../support/docker-client.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')

let folder: ReturnType<typeof temporaryDirectory>
let file: string
let options: RecordsOptions

beforeEach(() => {
  folder = temporaryDirectory('records')
  const key = join(folder.path, 'records.key')
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  file = join(folder.path, 'records.jsonl')
  options = { file, chain: { key, lines: 10, interval: 3_600_000 } }
})

afterEach(() => folder.remove())

async function run(count: number, more: Partial<RecordsOptions> = {}): Promise<RecordWriter> {
  const records = await openRecords({ ...options, ...more })
  records.begin(null)
  for (let n = 0; n < count; n++) records.write({ event: 'request', n, text: 'ü'.repeat(50) })
  return records
}

const verified = (...files: string[]) =>
  verifyChain(linesOf(files), createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })))

it('signs at the start, every so many lines and at the end, over the very bytes of the file', async () => {
  await (await run(25)).close()
  expect(await verified(file)).toMatchObject({ lines: 29, first: 1, last: 29, checkpoints: 4, broken: 0, unsigned: 0 })
})

it('signs what waits for a checkpoint after the interval', async () => {
  vi.useFakeTimers()
  try {
    const records = await run(3)
    vi.advanceTimersByTime(3_600_000)
    vi.useRealTimers()
    await records.close()
    const events = readFileSync(file, 'utf8').trimEnd().split('\n')
    expect(events.map((line) => JSON.parse(line).why)).toEqual([
      'start',
      undefined,
      undefined,
      undefined,
      'interval',
      'close',
    ])
  } finally {
    vi.useRealTimers()
  }
})

it('goes on where an earlier run ended', async () => {
  await (await run(3)).close()
  await (await run(3)).close()
  expect(await verified(file)).toMatchObject({ lines: 10, last: 10, broken: 0, unsigned: 0 })
})

it('goes on behind a line that a kill broke off, and says so', async () => {
  await (await run(3)).close()
  truncateSync(file, readFileSync(file).length - 20)
  await (await run(3)).close()
  expect(await verified(file)).toMatchObject({ torn: 1, broken: 0, unsigned: 0 })
  const text = readFileSync(file, 'utf8')
  expect(JSON.parse(text.split('\n')[5] as string)).toMatchObject({
    event: 'checkpoint',
    why: 'start',
    seq: 5,
    torn: { bytes: expect.any(Number) },
  })
})

it('finds a broken line that was put where none was', async () => {
  await (await run(3)).close()
  appendFileSync(file, '{"forged":\n')
  await (await run(1)).close()
  expect((await verified(file)).broken).toBeGreaterThan(0)
})

it('takes the unfinished line at the end of a file for what it is: not signed yet', async () => {
  await (await run(3)).close()
  appendFileSync(file, '{"v":1,"time"')
  expect(await verified(file)).toMatchObject({ broken: 0, unsigned: 1, unsignedFrom: { number: 6 } })
})

/** Writes more than one file takes, and waits for the next one. */
async function fill(records: RecordWriter) {
  const { file: current } = records.state()
  for (let n = 0; n < 110; n++) records.write({ event: 'request', n, text: 'x'.repeat(600) })
  await vi.waitFor(() => expect(records.state().file).not.toBe(current), 5_000)
}

it.each([true, false])(
  'runs on through files that take turns, and through restarts between them (required: %s)',
  async (required) => {
    for (let n = 0; n < 3; n++) {
      const records = await run(7, { rotate: { size: 65_536, keep: 100 }, required })
      await fill(records)
      await fill(records)
      await records.close()
    }
    const files = [1, 2, 3, 4, 5, 6, 7].map((number) => join(folder.path, `records.${number}.jsonl`))
    const verdict = await verified(...files)
    expect(verdict).toMatchObject({ first: 1, broken: 0, unsigned: 0, unchained: 0 })
    expect(verdict.lines).toBeGreaterThan(3 * 2 * 110)
  },
)

it('removes the oldest of the files that take turns', async () => {
  const records = await run(0, { rotate: { size: 65_536, keep: 2 } })
  for (let n = 0; n < 6; n++) await fill(records)
  await records.close()
  const left = () => readdirSync(folder.path).filter((name) => name.endsWith('.jsonl'))
  await vi.waitFor(() => expect(left().length).toBeLessThan(5))
  expect(left()).not.toContain('records.1.jsonl')
  expect(left()).toContain('records.7.jsonl')
})

it('names files by their day, and finds the newest after a restart', async () => {
  for (let n = 0; n < 2; n++) await (await run(2, { rotate: { every: 'day', keep: 2 } })).close()
  const [name = '', ...rest] = readdirSync(folder.path).filter((one) => one.endsWith('.jsonl'))
  expect(rest).toEqual([])
  expect(name).toMatch(/^records\.\d{4}-\d\d-\d\d\.1\.jsonl$/)
  expect(await verified(join(folder.path, name))).toMatchObject({ lines: 8, broken: 0, unsigned: 0 })
})

it('refuses to chain behind files that would be newer than its own', async () => {
  writeFileSync(join(folder.path, 'records.2999-01-01.1.jsonl'), '')
  await expect(run(1, { rotate: { every: 'day', keep: 2 } })).rejects.toThrow('move it away')
})

it('goes on in a new file with the chain of the one that was moved away', async () => {
  const before = await run(3)
  const moved = join(folder.path, 'records.jsonl.1')
  renameSync(file, moved)
  const after = await openRecords(options)
  const closed = before.close()
  after.begin(before.head())
  after.write({ event: 'request' })
  await Promise.all([closed, after.close()])
  expect(await verified(moved, file)).toMatchObject({ lines: 8, last: 8, broken: 0, unsigned: 0 })
})
