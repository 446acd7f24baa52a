import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMoment } from '../../src/objects/moment.ts'

const NOW = Date.parse('2026-05-06T07:08:09.500Z')
const local = (text: string) => new Date(text).getTime()

test.each([
  ['10m', NOW - 500 - 600_000],
  ['1h30m', NOW - 500 - 5_400_000],
  ['1.5h', NOW - 500 - 5_400_000],
  ['.5s', NOW - 500],
  ['-1h', NOW - 500 + 3_600_000],
  ['600ms', NOW - 1500],
  ['0', 0],
  ['1700000000', 1_700_000_000_000],
  ['1700000000.25', 1_700_000_000_250],
  ['2026-01-02', local('2026-01-02T00:00:00')],
  ['2026-01-02Z', Date.parse('2026-01-02T00:00:00Z')],
  ['2026-01-02+02:00', Date.parse('2026-01-01T22:00:00Z')],
  ['2026-01-02T03', local('2026-01-02T03:00:00')],
  ['2026-01-02T03:04', local('2026-01-02T03:04:00')],
  ['2026-01-02T03:04:05', local('2026-01-02T03:04:05')],
  ['2026-01-02T03:04:05.25Z', Date.parse('2026-01-02T03:04:05.250Z')],
  ['2026-01-02T03:04:05-07:00', Date.parse('2026-01-02T10:04:05Z')],
])('%s is read as the engine reads it', (text, moment) => {
  expect(readMoment(text, NOW)).toBe(moment)
})

test.each(['', 'yesterday', '5m5', '1h ', 'h', '2026-13-01', '2026-1-2', '9'.repeat(65)])('%j is no moment', (text) => {
  expect(readMoment(text, NOW)).toBeNull()
})

test('any text gives a moment or none, in time', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.-+:TZhmsnuµ') }), (text) => {
      const moment = readMoment(text, NOW)
      expect(moment === null || typeof moment === 'number').toBe(true)
    }),
  )
})
