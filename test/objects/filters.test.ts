import { expect, test } from 'vitest'
import { recognise } from '../../src/engine/recognise.ts'
import { filtersOf, matchesLabels } from '../../src/objects/filters.ts'

const filters = (value: object) =>
  filtersOf(recognise('POST', `/containers/prune?filters=${encodeURIComponent(JSON.stringify(value))}`))

test.each([
  [{}, true],
  [{ label: ['a'] }, true],
  [{ label: ['a=1', 'b='] }, true],
  [{ label: ['a=2'] }, false],
  [{ label: ['a=1', 'c'] }, false],
  [{ label: ['d=x=y'] }, true],
  [{ 'label!': ['a'] }, false],
  [{ 'label!': ['a', 'c'] }, true],
  [{ label: { a: false }, 'label!': { c: true } }, true],
  [{ label: ['toString'] }, false],
])('labels are held against %j as a prune of the engine does it', (value, matches) => {
  expect(matchesLabels(filters(value), { a: '1', b: '', d: 'x=y' })).toBe(matches)
})
