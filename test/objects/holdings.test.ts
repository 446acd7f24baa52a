import { expect, test } from 'vitest'
import { createHoldings } from '../../src/objects/images/holdings.ts'

test('what is held is released once, when it is over', () => {
  const released: string[] = []
  const holdings = createHoldings()
  holdings.add(() => released.push('a'))
  expect(released).toEqual([])
  holdings.over()
  holdings.over()
  expect(released).toEqual(['a'])
})

test('what comes later is released at once', () => {
  const released: string[] = []
  const holdings = createHoldings()
  holdings.over()
  holdings.add(() => released.push('late'))
  expect(released).toEqual(['late'])
})
