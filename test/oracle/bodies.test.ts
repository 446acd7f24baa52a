import { describe, expect, it } from 'vitest'
import { fieldAt } from './bodies.ts'
import { poolsOf } from './spellings.ts'
import { NOWHERE } from './world.ts'

describe('the values that bodies are made of', () => {
  it.each([...poolsOf(NOWHERE).keys()])('are for a field of the table: %s', (path) => {
    expect(fieldAt(path.split('.'))).toBeDefined()
  })
})
