import { describe, expect, it } from 'vitest'
import { JsonNumber } from '../../../src/inspect/json/value.ts'
import { parse, problem } from './parse.ts'

describe('T46: anything but one JSON value', () => {
  it.each([
    ['nothing', '', 'no JSON value, at byte 0'],
    ['white space only', ' \n\t ', 'no JSON value, at byte 4'],
    ['a byte order mark', '\ufeff{}', 'a byte order mark, at byte 0'],
    ['a byte order mark behind white space', ' \ufeff{}', 'not a JSON value, at byte 1'],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'invalid UTF-8, at byte 0'],
    ['UTF-16 without a mark', Buffer.from('{}', 'utf16le'), 'not a name in double quotes, at byte 1'],
    ['a line comment', '{} // x', 'more behind the JSON value, at byte 3'],
    ['a comment in an object', '{/**/"a":1}', 'not a name in double quotes, at byte 1'],
    ['a comment in front', '#\n{}', 'not a JSON value, at byte 0'],
    ['a second document', '{}{}', 'more behind the JSON value, at byte 2'],
    ['a second document on its own line', '{"a":1}\n{"a":2}\n', 'more behind the JSON value, at byte 8'],
    ['a closing brace too many', '{}}', 'more behind the JSON value, at byte 2'],
    ['a NUL byte behind it', '{}\0', 'more behind the JSON value, at byte 2'],
    ['a no-break space behind it', '{}\u00a0', 'more behind the JSON value, at byte 2'],
    ['a form feed in front', '\f{}', 'not a JSON value, at byte 0'],
    ['a comma at the end of an object', '{"a":1,}', 'not a name in double quotes, at byte 7'],
    ['a comma at the end of an array', '[1,]', 'not a JSON value, at byte 3'],
    ['a comma alone', '[,]', 'not a JSON value, at byte 1'],
    ['two commas', '[1,,2]', 'not a JSON value, at byte 3'],
    ['no comma', '[1 2]', 'neither a comma nor the end of the array, at byte 3'],
    ['no comma between members', '{"a":1 "b":2}', 'neither a comma nor the end of the object, at byte 7'],
    ['no colon', '{"a" 1}', 'no colon behind a name, at byte 5'],
    ['an equals sign', '{"a"=1}', 'no colon behind a name, at byte 4'],
    ['no value', '{"a":}', 'not a JSON value, at byte 5'],
    ['a bare name', '{a:1}', 'not a name in double quotes, at byte 1'],
    ['a number as name', '{1:1}', 'not a name in double quotes, at byte 1'],
    ['single quotes', "{'a':1}", 'not a name in double quotes, at byte 1'],
    ['an object without end', '{"a":1', 'neither a comma nor the end of the object, at byte 6'],
    ['an array without end', '[[]', 'neither a comma nor the end of the array, at byte 3'],
    ['the wrong bracket', '[1}', 'neither a comma nor the end of the array, at byte 2'],
    ['True', 'True', 'not a JSON value, at byte 0'],
    ['a cut word', '[tru]', 'not a JSON value, at byte 1'],
    ['a word with more behind it', 'nullx', 'more behind the JSON value, at byte 4'],
    ['undefined', '[undefined]', 'not a JSON value, at byte 1'],
    ['form data', 'a=1&b=2', 'not a JSON value, at byte 0'],
  ])('refuses %s', (_, text, said) => {
    expect(problem(text)).toBe(said)
  })

  it('counts bytes, not characters, to the place', () => {
    expect(problem('["\u00e9\u20ac\u{1f433}",]')).toBe('not a JSON value, at byte 13')
  })
})

describe('strings', () => {
  it.each([
    ['without end', '"abc', 'a string without an end, at byte 0'],
    ['that ends in a backslash', '["abc\\', 'a string without an end, at byte 1'],
    ['that ends in an escaped quote', '["abc\\"', 'a string without an end, at byte 1'],
    ['with a raw line feed', '"ab\nc"', 'a control character in a string, at byte 3'],
    ['with a raw NUL', '"\0"', 'a control character in a string, at byte 1'],
    ['with U+001F', '"\x1f"', 'a control character in a string, at byte 1'],
    [
      'with a control character behind a backslash',
      '"\\\n"',
      'a string with an escape that JSON does not know, at byte 0',
    ],
    ['with \\x', '["\\x41"]', 'a string with an escape that JSON does not know, at byte 1'],
    ["with \\'", '"\\\'"', 'a string with an escape that JSON does not know, at byte 0'],
    ['with \\u{}', '"\\u{41}"', 'a string with an escape that JSON does not know, at byte 0'],
    ['with a short \\u', '"\\u004"', 'a string with an escape that JSON does not know, at byte 0'],
    ['with \\u and no hex', '"\\u00g0"', 'a string with an escape that JSON does not know, at byte 0'],
    ['with \\U', '"\\U0041"', 'a string with an escape that JSON does not know, at byte 0'],
  ])('refuses one %s', (_, text, said) => {
    expect(problem(text)).toBe(said)
  })

  it.each(['"\\ud800"', '"\\udc00"', '"\\udc00\\ud800"', '"\\ud83dx\\udc33"', '"\\ud83d\u{1f433}"', '"\\ud83d\\n"'])(
    'refuses %s for its lone surrogate, which Go would replace',
    (text) => {
      expect(problem(text)).toBe('a string with a lone surrogate, at byte 0')
    },
  )

  it('refuses a lone surrogate in a name', () => {
    expect(problem('{"a\\ud800":1}')).toBe('a string with a lone surrogate, at byte 1')
  })

  it.each([
    ['a stray byte', '22ff22', 1],
    ['a lone continuation', '2280', 1],
    ['an overlong slash', '22c0af22', 1],
    ['an overlong NUL', '22c08022', 1],
    ['a raw surrogate', '22eda08022', 1],
    ['a surrogate pair in three bytes each', '22eda0bdedb0b322', 1],
    ['a code point beyond U+10FFFF', '22f490808022', 1],
    ['a cut sequence', '226161c3', 3],
    ['a bad byte behind a real U+FFFD', '22efbfbdefbfbdff22', 7],
    ['a bad byte behind the value', '7b7dff', 2],
  ])('refuses invalid UTF-8: %s', (_, hex, at) => {
    expect(problem(Buffer.from(hex, 'hex'))).toBe(`invalid UTF-8, at byte ${at}`)
  })
})

describe('numbers', () => {
  it.each(['0', '-0', '-0.0', '1e3', '1E+3', '1e-3', '0.10', '9007199254740993', '18446744073709551616', '1e999'])(
    'T48: keeps %s as it was written',
    (text) => {
      expect(parse(text)).toEqual(new JsonNumber(text))
    },
  )

  it.each([
    ['01', 'more behind the JSON value, at byte 1'],
    ['-01', 'more behind the JSON value, at byte 2'],
    ['+1', 'not a JSON value, at byte 0'],
    ['.5', 'not a JSON value, at byte 0'],
    ['-', 'no digit where a number needs one, at byte 1'],
    ['--1', 'no digit where a number needs one, at byte 1'],
    ['-.5', 'no digit where a number needs one, at byte 1'],
    ['1.', 'no digit where a number needs one, at byte 2'],
    ['1.e3', 'no digit where a number needs one, at byte 2'],
    ['[1e]', 'no digit where a number needs one, at byte 3'],
    ['1e+', 'no digit where a number needs one, at byte 3'],
    ['1e+-3', 'no digit where a number needs one, at byte 3'],
    ['1e1.5', 'more behind the JSON value, at byte 3'],
    ['0x10', 'more behind the JSON value, at byte 1'],
    ['1_000', 'more behind the JSON value, at byte 1'],
    ['1n', 'more behind the JSON value, at byte 1'],
    ['\u0661', 'not a JSON value, at byte 0'],
    ['NaN', 'not a JSON value, at byte 0'],
    ['-Infinity', 'no digit where a number needs one, at byte 1'],
  ])('refuses %s', (text, said) => {
    expect(problem(text)).toBe(said)
  })

  it('refuses a number of more than 64 characters', () => {
    expect(problem('1'.repeat(64))).toBe('accepted')
    expect(problem(`[${'1'.repeat(65)}]`)).toBe('a number of more than 64 characters, at byte 1')
    expect(problem(`0.${'0'.repeat(63)}`)).toBe('a number of more than 64 characters, at byte 0')
  })

  it('knows what is written as an integer, and its exact value', () => {
    expect(['0', '-0', '42', '-7'].every((text) => new JsonNumber(text).isInteger)).toBe(true)
    expect(['1.0', '1e3', '1E3', '-0.5'].some((text) => new JsonNumber(text).isInteger)).toBe(false)
    expect(new JsonNumber('9007199254740993').toBigInt()).toBe(9007199254740993n)
    expect(new JsonNumber('-0').toBigInt()).toBe(0n)
    expect(() => new JsonNumber('1e3').toBigInt()).toThrow(SyntaxError)
  })
})
