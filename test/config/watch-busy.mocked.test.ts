import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type FileWatch, watchFiles } from '../../src/config/watch.ts'

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  const watcher = { on: () => watcher, close: () => {} }
  return { ...real, watch: vi.fn(() => watcher), statSync: vi.fn(real.statSync) }
})

let folder: string
let file: string
let watch: FileWatch
let loads: number

beforeEach(() => {
  vi.useFakeTimers()
  folder = fs.mkdtempSync(join(tmpdir(), 'dockgate-watch-'))
  file = join(folder, 'a')
  fs.writeFileSync(file, '1')
  loads = 0
  watch = watchFiles({ paths: [file], load: () => void loads++, failed: () => {} })
})
afterEach(() => {
  watch.close()
  vi.useRealTimers()
  fs.rmSync(folder, { recursive: true })
})

/** As the system reports a write to any file of the folder. */
const event = () =>
  (vi.mocked(fs.watch).mock.lastCall?.at(2) as fs.WatchListener<string> | undefined)?.('change', 'any')
const looks = () => vi.mocked(fs.statSync).mock.calls.filter(([path]) => path === file).length

/** So many seconds in which something is written every 5 ms. */
function busy(seconds: number): void {
  for (let i = 0; i < seconds * 200; i++) {
    event()
    vi.advanceTimersByTime(5)
  }
}

it('looks less and less often into a folder where something else is written all the time', () => {
  busy(5)
  const before = looks()
  busy(10)
  expect(looks() - before).toBeLessThanOrEqual(21)
})

it('sees a change within a second there, and loads it when it has settled', () => {
  busy(10)
  fs.writeFileSync(file, 'two')
  busy(1.2)
  expect(loads).toBe(2)
})

it('looks at once again when the folder has been quiet', () => {
  busy(10)
  vi.advanceTimersByTime(3000)
  fs.writeFileSync(file, 'two')
  event()
  vi.advanceTimersByTime(250)
  expect(loads).toBe(2)
})
