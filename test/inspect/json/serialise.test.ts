import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseJson } from '../../../src/inspect/json/parse.ts'
import { serialiseJson } from '../../../src/inspect/json/serialise.ts'
import { JsonNumber } from '../../../src/inspect/json/value.ts'
import { document, jsonValue } from './documents.ts'

function rewritten(text: string): string {
  return serialiseJson(parseJson(Buffer.from(text))).toString()
}

it('writes compact JSON in the order of the members', () => {
  expect(rewritten(' { "b" : [ 1 , null , true ] , "a" : { } , "c" : [ ] } ')).toBe('{"b":[1,null,true],"a":{},"c":[]}')
})

it('T48: writes every number as it was read', () => {
  const numbers = '[-0,-0.0,1e3,1E+3,0.10,9007199254740993,18446744073709551616,1e999]'
  expect(rewritten(numbers)).toBe(numbers)
})

it('writes strings and names as JSON.stringify does, whatever their spelling was', () => {
  expect(rewritten('{"\\u0050\\/":"\\u0000\\u00e9\\ud83d\\udc33\\u2028<\\u0022"}')).toBe(
    JSON.stringify({ 'P/': '\0\u00e9\u{1f433}\u2028<"' }),
  )
})

it('T49: writes __proto__ and toJSON as members', () => {
  const text = '{"__proto__":{"a":1},"toJSON":"x","constructor":null}'
  expect(rewritten(text)).toBe(text)
})

it('writes each kind of value alone', () => {
  expect(['null', 'true', 'false', '"x"', '1', '[]', '{}'].map(rewritten).join()).toBe('null,true,false,"x",1,[],{}')
  expect(serialiseJson(new JsonNumber('1e3')).toString()).toBe('1e3')
})

it('writes what reads back as an equal value', () => {
  fc.assert(
    fc.property(jsonValue, (value) => {
      expect(parseJson(serialiseJson(value))).toEqual(value)
    }),
    { numRuns: 1000 },
  )
})

it('writes the same bytes again once it has written them', () => {
  fc.assert(
    fc.property(
      document.filter((bytes) => accepted(bytes)),
      (bytes) => {
        const first = serialiseJson(parseJson(bytes))
        expect(serialiseJson(parseJson(first)).toString()).toBe(first.toString())
      },
    ),
    { numRuns: 1000 },
  )
})

function accepted(bytes: Buffer): boolean {
  try {
    parseJson(bytes)
    return true
  } catch {
    return false
  }
}
