import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/inspect/json/parse.ts'
import { serialiseJson } from '../../src/inspect/json/serialise.ts'
import { at, edited, textAt, withAlias } from '../../src/objects/edit.ts'

const json = (text: string) => parseJson(Buffer.from(text))

describe('a body that is edited', () => {
  test('has the other value in its place, and the rest as it was', () => {
    const body = edited(json('{"a":1.0,"b":{"c":2,"d":3},"e":4}'), ['b', 'c'], () => 'x')
    expect(serialiseJson(body).toString()).toBe('{"a":1.0,"e":4,"b":{"d":3,"c":"x"}}')
  })

  test('gets the objects that are missing on the way', () => {
    expect(serialiseJson(edited(null, ['a', 'b'], (value) => [value])).toString()).toBe('{"a":{"b":[null]}}')
  })

  test('takes __proto__ for a name as any other', () => {
    const body = edited(json('{"a":{"__proto__":{"b":1}}}'), ['a', '__proto__', 'c'], () => 'y')
    expect(serialiseJson(body).toString()).toBe('{"a":{"__proto__":{"b":1,"c":"y"}}}')
    expect(at(json('{}'), 'constructor')).toBeUndefined()
  })

  test('is not changed where it came from', () => {
    const before = json('{"a":{"b":1}}')
    edited(before, ['a', 'b'], () => 'y')
    expect(serialiseJson(before).toString()).toBe('{"a":{"b":1}}')
  })

  test('says the text at a path, and nothing where none is', () => {
    expect(textAt(json('{"a":{"b":"c"}}'), 'a', 'b')).toBe('c')
    expect(textAt(json('{"a":["b"]}'), 'a', 'b')).toBe('')
    expect(textAt(json('{"a":1}'), 'a')).toBe('')
  })
})

test('an alias is added once, beside the others', () => {
  const endpoint = withAlias(
    withAlias(
      edited(json('{"Aliases":["x"]}'), ['NetworkID'], () => 'n'),
      'db',
    ),
    'db',
  )
  expect(serialiseJson(endpoint).toString()).toBe('{"NetworkID":"n","Aliases":["x","db"]}')
})
