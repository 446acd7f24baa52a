import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startReaper } from '../../src/gate/reaper.ts'
import { parseJson } from '../../src/inspect/json/parse.ts'
import { createReach } from '../../src/objects/leftovers.ts'
import type { Ask } from '../../src/objects/types.ts'
import { temporaryLedger } from '../objects/temporary-ledger.ts'

const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** An engine with one expired network, and what its removal is answered with. */
function scene(removal: () => number | Promise<number>) {
  const asked: string[] = []
  const labels = { 'io.dockgate.owner': 'k', 'io.dockgate.expires': '2020-01-01T00:00:00.000Z' }
  const ask: Ask = async (method, target) => {
    const path = target.split('?')[0] as string
    asked.push(`${method} ${path}`)
    if (method === 'DELETE') return { status: await removal(), body: parseJson(Buffer.from('{"message":"in use"}')) }
    const body =
      path === '/networks' ? [{ Id: 'n', Name: 'net', Labels: labels }] : path === '/volumes' ? { Volumes: [] } : []
    return { status: 200, body: parseJson(Buffer.from(JSON.stringify(body))) }
  }
  const written: object[] = []
  const warned: string[] = []
  const records = { write: (record: object) => void written.push(record), close: async () => {} }
  const reaper = startReaper(createReach(ask, temporaryLedger()), records, (line) => void warned.push(line))
  return { asked, written, warned, reaper }
}

test('what has expired goes at the start and every minute, and leaves a record', async () => {
  const { asked, written, reaper } = scene(() => 204)
  await vi.advanceTimersByTimeAsync(10)
  expect(written).toMatchObject([
    {
      event: 'reap',
      owner: 'k',
      object: { kind: 'network', name: 'net', id: 'n' },
      reason: 'expired',
      result: 'removed',
    },
  ])
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(asked.filter((line) => line === 'DELETE /networks/n')).toHaveLength(2)
  await reaper.close()
  await vi.advanceTimersByTimeAsync(3 * MINUTE)
  expect(asked.filter((line) => line === 'DELETE /networks/n')).toHaveLength(2)
})

test('what cannot be removed is tried again, and recorded once until it can', async () => {
  let status = 403
  const { written, reaper } = scene(() => status)
  await vi.advanceTimersByTimeAsync(2 * MINUTE)
  expect(written).toMatchObject([{ result: 'failed', why: 'in use' }])
  status = 204
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(written).toMatchObject([{ result: 'failed' }, { result: 'removed' }])
  await reaper.close()
})

test('a round begins only when the one before has ended', async () => {
  let end = (_: number) => {}
  const { asked, reaper } = scene(() => new Promise<number>((resolve) => (end = resolve)))
  await vi.advanceTimersByTimeAsync(3 * MINUTE)
  expect(asked.filter((line) => line === 'GET /networks')).toHaveLength(1)
  const closed = reaper.close()
  end(204)
  await closed
})

test('an engine that does not answer is told of once, and asked again', async () => {
  const warned: string[] = []
  const asked: string[] = []
  const ask: Ask = (_, path) => {
    asked.push(path)
    return Promise.reject(new Error('no engine'))
  }
  const records = { write: () => {}, close: async () => {} }
  const reaper = startReaper(createReach(ask, temporaryLedger()), records, (line) => void warned.push(line))
  await vi.advanceTimersByTimeAsync(10)
  const once = asked.length
  await vi.advanceTimersByTimeAsync(2 * MINUTE)
  expect(warned).toEqual(['what has expired cannot be removed: no engine'])
  expect(asked.length).toBe(3 * once)
  await reaper.close()
})
