import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { openRecords, type RecordsOptions } from '../../src/audit/writer.ts'

let folder: string
let unmount = () => {}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockgate-records-'))
})

afterEach(() => {
  unmount()
  unmount = () => {}
  rmSync(folder, { recursive: true })
})

async function open(options: RecordsOptions) {
  const records = await openRecords(options)
  records.begin(null)
  return records
}

it('writes one JSON line a record, with its time, and has them all in the file when it is closed', async () => {
  const file = join(folder, 'records.jsonl')
  const records = await open({ file })
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
    const records = await open({ file })
    records.write({ n })
    await records.close()
  }
  expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(2)
})

it('makes a file that only its owner may read', async () => {
  const file = join(folder, 'records.jsonl')
  await (await open({ file })).close()
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('says at once which file cannot be opened', async () => {
  const file = join(folder, 'absent', 'records.jsonl')
  await expect(openRecords({ file })).rejects.toThrow(file)
})

it('tells of a disk that is full, once, and when there is room again: and what had to wait is written', async () => {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk])
  unmount = () => void execFileSync('umount', [disk])
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  onTestFinished(() => said.mockRestore())
  const lines = () => said.mock.calls.map(([line]) => String(line))
  const file = join(disk, 'records.jsonl')
  const filler = join(disk, 'filler')
  const records = await open({ file })
  expect(records.state()).toEqual({ place: file, file, failing: null, lost: 0 })
  writeFileSync(filler, Buffer.alloc(60 * 1024))
  const write = () => records.write({ text: 'x'.repeat(5000) })
  write()
  write()
  await vi.waitFor(() => expect(records.state().failing?.why).toContain('ENOSPC'))
  write()
  write()
  rmSync(filler)
  await vi.waitFor(() => expect(records.state().failing).toBeNull(), 5_000)
  await records.close()
  expect(
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).text.length),
  ).toEqual(Array.from({ length: 4 }, () => 5000))
  expect(lines()).toEqual([
    expect.stringMatching(/^dockgate: records cannot be written: ENOSPC/),
    'dockgate: records can be written again\n',
  ])
})
