import { expect, it } from 'vitest'
import { createConditionErrors } from '../../src/policy/condition-errors.ts'

it('tells the first error of each binding at once, then how many there were in the minute', () => {
  let now = 0
  const told: string[] = []
  const errors = createConditionErrors(() => now)
  errors.tell((message) => told.push(message))
  errors.note(2, 'first')
  for (now = 1; now < 60_000; now += 1000) errors.note(2, 'again')
  errors.note(5, 'other')
  now = 60_000
  errors.note(2, 'last')
  expect(told).toEqual([
    'bindings[2].when could not be evaluated: first; that counts as no match',
    'bindings[5].when could not be evaluated: other; that counts as no match',
    'bindings[2].when could not be evaluated 61 times, the last time: last; that counts as no match',
  ])
})
