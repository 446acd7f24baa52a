import { expect, it } from 'vitest'
import { conceal } from '../../src/config/conceal.ts'

const one = (value: string) => [{ path: ['listeners', 0, 'address'], written: '${A}', value }]
const HERE = ['listeners', 0, 'address']

it.each([
  ['a value in a message about its place', 'abc', '"abc" is no address', HERE, '"${A}" is no address'],
  ['each place of it', 'abc', 'abc and abc', HERE, '${A} and ${A}'],
  [
    'one in a message about what holds it',
    'abc',
    'has the name "abc" already',
    ['listeners', 0],
    'has the name "${A}" already',
  ],
  [
    'a long one in a message about another place',
    'some-secret',
    'no role "some-secret"',
    ['bindings', 0],
    'no role "${A}"',
  ],
  ['a long one in a message about another file', 'some-secret', 'no role "some-secret"', null, 'no role "${A}"'],
  [
    'one that was cut',
    `secret-${'x'.repeat(300)}`,
    `"secret-${'x'.repeat(80)}…" is no name`,
    HERE,
    'the value of ${A} does not fit here',
  ],
  ['one whose text means something to replaceAll', 'a$&b-long', 'is a$&b-long', HERE, 'is ${A}'],
])('conceals %s', (_what, value, message, path, shown) => {
  expect(conceal(message, path, one(value))).toBe(shown)
})

it.each([
  ['a short value in a message about another place, where it is found by chance', 'a', 'a role has no name', ['roles']],
  ['an empty value', '', 'must not be empty', HERE],
  ['a message without it', 'some-secret', 'is longer than 4096 characters', HERE],
])('leaves %s', (_what, value, message, path) => {
  expect(conceal(message, path, one(value))).toBe(message)
})
