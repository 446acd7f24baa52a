import { expect, it } from 'vitest'
import { conceal } from '../../src/config/conceal.ts'

const one = (value: string) => [{ path: ['listeners', 0, 'address'], written: '${A}', value, parts: [value] }]
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
  ['one in quotes, where some of it is escaped', 'a"b\\c', '"a\\"b\\\\c" is no address', HERE, '"${A}" is no address'],
  [
    'one of signs that no terminal gets',
    'secr\u202eet',
    '"secr\\u{202e}et" is no address',
    HERE,
    '"${A}" is no address',
  ],
  ['a path without its detours', 'a/./secret', '/etc/a/secret does not exist', HERE, '/etc/${A} does not exist'],
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

it('conceals what came from elsewhere, where what is written around it is shown in another way', () => {
  const replaced = [{ path: HERE, written: '../${A}', value: '../hush', parts: ['hush'] }]
  expect(conceal('/etc/hush does not exist', HERE, replaced)).toBe('the value of ../${A} does not fit here')
})

it('conceals the words of a condition', () => {
  const path = ['bindings', 0, 'when']
  const replaced = [{ path, written: 'x${A}y', value: 'xhush.nowy', parts: ['hush.now'] }]
  expect(conceal('Unknown variable: xhush', path, replaced)).toBe('the value of x${A}y does not fit here')
})
