import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Exchange } from '../../src/audit/exchange.ts'
import { recognise } from '../../src/engine/recognise.ts'
import { createSessions, REVOKED } from '../../src/gate/sessions.ts'

const START = Date.UTC(2026, 10, 22)
const DAY = 86_400_000

beforeEach(() => void vi.useFakeTimers({ now: START }))
afterEach(() => void vi.useRealTimers())

/** An exchange of somebody whose proof ends after `left` milliseconds. */
const exchange = (left: number, target = '/events', grace = { sessions: 0, streams: Number.POSITIVE_INFINITY }) =>
  ({
    operation: recognise('GET', target),
    principal: { claims: { sub: 'a' }, certificate: null, expiresAt: (START + left) / 1000 },
    role: { grace },
    ended: null,
  }) as unknown as Exchange

it.each([1, 60 * DAY])('ends a session when its proof does, and not before, also after %i ms', (left) => {
  const sessions = createSessions()
  const one = exchange(left)
  const end = vi.fn()
  sessions.open(one, end)
  vi.advanceTimersByTime(left - 1)
  expect(end).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(end).toHaveBeenCalledExactlyOnceWith({ reason: 'token-expired', text: 'the token expired' })
  expect(one.ended).toBe('token-expired')
})

it('ends a session soon after the clock was set past its end', () => {
  const sessions = createSessions()
  const end = vi.fn()
  sessions.open(exchange(60 * DAY), end)
  vi.setSystemTime(START + 61 * DAY)
  vi.advanceTimersByTime(60_000)
  expect(end).toHaveBeenCalledOnce()
})

it.each([
  ['/events', true],
  ['/containers/x/stats', true],
  ['/containers/x/stats?stream=1', true],
  ['/containers/x/stats?stream=false', false],
  ['/containers/x/logs?follow=1', false],
])('takes %s for a session: %s', (target, isSession) => {
  const end = vi.fn()
  createSessions().open(exchange(0, target), end)
  vi.advanceTimersByTime(DAY)
  expect(end).toHaveBeenCalledTimes(isSession ? 1 : 0)
})

it('gives streams their own grace', () => {
  const end = vi.fn()
  createSessions().open(exchange(0, '/containers/x/logs', { sessions: 0, streams: 5_000 }), end)
  vi.advanceTimersByTime(4_999)
  expect(end).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(end).toHaveBeenCalledOnce()
})

it('leaves what is over alone, and soon holds no timer for it', () => {
  const sessions = createSessions()
  const end = vi.fn()
  sessions.open(exchange(DAY), end)()
  sessions.open(exchange(DAY), end)()
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(60_000)
  expect(vi.getTimerCount()).toBe(0)
  expect(sessions.endWhere(() => true, REVOKED)).toBe(0)
  expect(end).not.toHaveBeenCalled()
})

it('ends each in its time, in whatever order they came', () => {
  const sessions = createSessions()
  const ended: number[] = []
  for (const seconds of [30, 10, 90, 20]) sessions.open(exchange(seconds * 1_000), () => void ended.push(seconds))
  vi.advanceTimersByTime(20_000)
  expect(ended).toEqual([10, 20])
  vi.advanceTimersByTime(70_000)
  expect(ended).toEqual([10, 20, 30, 90])
})

it('counts the time of a session anew by the role that it has after a review, and ends those for which there is why', () => {
  const sessions = createSessions()
  const [kept, dropped] = [exchange(DAY), exchange(DAY)]
  const [end, endDropped] = [vi.fn(), vi.fn()]
  sessions.open(kept, end)
  sessions.open(dropped, endDropped)
  const why = { reason: 'policy-changed', text: 'so' } as const
  const ended = sessions.review((one) => {
    if (one === dropped) return why
    one.role = { grace: { sessions: 5_000, streams: 0 } } as unknown as Exchange['role']
    return null
  })
  expect([ended, dropped.ended, endDropped.mock.calls]).toEqual([1, 'policy-changed', [[why]]])
  vi.advanceTimersByTime(DAY + 4_999)
  expect(end).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(end).toHaveBeenCalledOnce()
  expect(vi.getTimerCount()).toBe(0)
})

it('ends those that fit, once', () => {
  const sessions = createSessions()
  const [one, other] = [exchange(DAY), exchange(DAY)]
  const [end, endOther] = [vi.fn(), vi.fn()]
  sessions.open(one, end)
  sessions.open(other, endOther)
  const ended = () => sessions.endWhere((candidate) => candidate === one, REVOKED)
  expect([ended(), ended()]).toEqual([1, 0])
  expect([one.ended, other.ended]).toEqual(['identity-revoked', null])
  expect([end.mock.calls.length, endOther.mock.calls.length]).toEqual([1, 0])
})

it('lists the oldest first, also when others are over', () => {
  const sessions = createSessions()
  const all = [1, 2, 3, 4].map((startedAt) => Object.assign(exchange(DAY), { startedAt }))
  const [over] = all.map((one) => sessions.open(one, () => {}))
  over?.()
  expect(sessions.list()).toEqual(all.slice(1))
})
