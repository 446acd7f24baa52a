import { describe, expect, it } from 'vitest'
import { didYouMean, nearest } from '../src/nearest.ts'

describe('the nearest word', () => {
  it.each([
    ['raed', 'read'],
    ['READ', 'read'],
    ['lifecicle', 'lifecycle'],
    ['Containercreate', 'ContainerCreate'],
  ])('to %s is %s', (word, found) => {
    expect(nearest(word, ['exec', 'read', 'lifecycle', 'ContainerCreate'])).toBe(found)
    expect(didYouMean(word, ['exec', 'read', 'lifecycle', 'ContainerCreate'])).toBe(`; did you mean "${found}"?`)
  })

  it.each(['', 'x', 'delete', 'y'.repeat(100_000)])('is not guessed when none is near', (word) => {
    expect(nearest(word, ['exec', 'read', 'lifecycle'])).toBeNull()
    expect(didYouMean(word, ['exec', 'read', 'lifecycle'])).toBe('')
  })
})
