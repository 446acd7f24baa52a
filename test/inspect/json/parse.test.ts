import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/inspect/json/parse.ts'
import { JsonNumber, type JsonObject, type JsonValue } from '../../../src/inspect/json/value.ts'
import { damaged, document } from './documents.ts'
import { parse, problem } from './parse.ts'

function parseObject(text: string): JsonObject {
  return parse(text) as JsonObject
}

/** As JSON.parse would give it back, repeated to text. */
function asJavaScript(value: JsonValue): string {
  return JSON.stringify(value, (_, member) => (member instanceof JsonNumber ? Number(member.text) : member))
}

describe('values', () => {
  it('reads each kind of value, with white space around and inside', () => {
    const value = parseObject(' \t\r\n{ "a" : [ null , true , false , "x" , 1 , { } , [ ] ] } \n')
    expect(value).toEqual({ a: [null, true, false, 'x', new JsonNumber('1'), {}, []] })
  })

  it('resolves every escape of RFC 8259', () => {
    expect(parse('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\uD83d\\uDc33"')).toBe('"\\/\b\f\n\r\tA\u00e9\u{1f433}')
  })

  it('takes every character that RFC 8259 allows unescaped', () => {
    expect(parse('"\x7f\u0080\u2028\u2029\ufeff\ufffd\uffff\u{10ffff}"')).toBe(
      '\x7f\u0080\u2028\u2029\ufeff\ufffd\uffff\u{10ffff}',
    )
  })

  it.each(['{}', '[]', '""', 'null', 'true', 'false', '0'])(
    'takes %s as a document: its type is for the field table',
    (text) => {
      expect(problem(text)).toBe('accepted')
    },
  )

  it('reads what JSON.parse reads, where it accepts', () => {
    fc.assert(
      fc.property(fc.oneof(document, damaged), (bytes) => {
        if (problem(bytes) !== 'accepted') return
        expect(asJavaScript(parseJson(bytes))).toBe(JSON.stringify(JSON.parse(bytes.toString())))
      }),
      { numRuns: 2000 },
    )
  })

  it('refuses of what JSON.parse reads only repeated names, lone surrogates and long numbers', () => {
    fc.assert(
      fc.property(fc.oneof(document, damaged), (bytes) => {
        if (!isUtf8(bytes) || !isJavaScriptJson(bytes.toString())) return
        expect(problem(bytes)).toMatch(
          /^accepted$| a second time in one object|^a string with a lone surr|^a number of more/,
        )
      }),
      { numRuns: 2000 },
    )
  })
})

function isJavaScriptJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('names', () => {
  it('T40, T42: keeps names that differ in case apart: which of them exist is for the field table', () => {
    const value = parseObject('{"Privileged":false,"privileged":true,"PRIVILEGED":null}')
    expect(Object.entries(value)).toEqual([
      ['Privileged', false],
      ['privileged', true],
      ['PRIVILEGED', null],
    ])
  })

  it.each([
    ['with another value', '{"a":1,"a":2}', 'the name "a" a second time in one object, at byte 7'],
    ['with an equal value', '{"a":1,"a":1}', 'the name "a" a second time in one object, at byte 7'],
    ['with objects to merge', '{"H":{"P":true},"H":{}}', 'the name "H" a second time in one object, at byte 16'],
    ['far apart and deep', '[{"b":{"x":1,"y":[{}],"x":1}}]', 'the name "x" a second time in one object, at byte 22'],
    ['with null', '{"a":null,"a":null}', 'the name "a" a second time in one object, at byte 10'],
    ['of no characters', '{"":1,"":2}', 'the name "" a second time in one object, at byte 6'],
    ['that is an index', '{"7":1,"7":2}', 'the name "7" a second time in one object, at byte 7'],
    [
      'called __proto__',
      '{"__proto__":1,"__proto__":1}',
      'the name "__proto__" a second time in one object, at byte 15',
    ],
  ])('T41: refuses a repeated name %s', (_, text, said) => {
    expect(problem(text)).toBe(said)
  })

  it('T41: takes the same name in different objects', () => {
    expect(problem('[{"a":{"a":[{"a":1}]}},{"a":1}]')).toBe('accepted')
  })

  it('T43: compares names after unescaping', () => {
    expect(parse('{"\\u0050rivileged":true}')).toEqual({ Privileged: true })
    expect(problem('{"Privileged":false,"\\u0050rivileged":true}')).toBe(
      'the name "Privileged" a second time in one object, at byte 20',
    )
  })

  it('T44: takes U+017F and U+212A in a name, raw or escaped, for what they are: refusing them is for the field table', () => {
    expect(Object.keys(parseObject('{"Bind\u017f":1,"\\u212aind":2,"Binds":3}'))).toEqual([
      'Bind\u017f',
      '\u212aind',
      'Binds',
    ])
  })

  it('T44: does not normalise: a composed and a decomposed name are two', () => {
    expect(Object.keys(parseObject('{"\u00e9":1,"e\u0301":2}'))).toHaveLength(2)
  })

  it('T45: refuses an exact repetition in a map with free names, and keeps what differs in case', () => {
    expect(parseObject('{"Labels":{"a":"1","A":"2"}}')).toEqual({ Labels: { a: '1', A: '2' } })
    expect(problem('{"Labels":{"a":"1","\\u0061":"2"}}')).toMatch(/^the name "a" a second time/)
  })

  it('T49: gives objects without a prototype, where __proto__ and the like are names as any other', () => {
    const value = parseObject('{"__proto__":{"Privileged":true},"constructor":{"prototype":{}},"toString":1}')
    expect(Object.getPrototypeOf(value)).toBe(null)
    expect(Object.getPrototypeOf(value.constructor)).toBe(null)
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString'])
    expect(value.Privileged).toBe(undefined)
    expect(value.hasOwnProperty).toBe(undefined)
    expect(({} as JsonObject).Privileged).toBe(undefined)
  })

  it('shows a repeated name without what a terminal would act on, and shortened', () => {
    const said = problem(`{"\\u001b[2J${'x'.repeat(500)}":1,"\\u001b[2J${'x'.repeat(500)}":1}`)
    expect(said).toMatch(/^the name "\\u\{1b\}\[2Jx+…" a second time in one object, at byte 515$/)
    expect(said.length).toBeLessThan(130)
  })
})

describe('T47: limits', () => {
  const levels = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

  it('takes 32 levels and refuses 33', () => {
    expect(problem(levels(32))).toBe('accepted')
    expect(problem(levels(33))).toBe('more than 32 levels, at byte 32')
    expect(problem(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`)).toBe('more than 32 levels, at byte 160')
  })

  it('counts levels, not brackets', () => {
    expect(problem(`[${'[[]],'.repeat(100)}[]]`, { depth: 3, nodes: 1000 })).toBe('accepted')
  })

  it('takes 20,000 values and refuses 20,001', () => {
    expect(problem(`[${'1,'.repeat(19_998)}1]`)).toBe('accepted')
    expect(problem(`[${'1,'.repeat(19_999)}1]`)).toBe('more than 20000 values, at byte 39999')
  })

  it('counts empty objects, arrays and members', () => {
    expect(problem('{"a":[],"b":{},"c":null}', { depth: 9, nodes: 4 })).toBe('accepted')
    expect(problem('{"a":[],"b":{},"c":null}', { depth: 9, nodes: 3 })).toBe('more than 3 values, at byte 19')
  })

  it.each([
    ['opening brackets', '['.repeat(4_000_000), 'more than 32 levels, at byte 32'],
    ['opening objects', '{"a":'.repeat(800_000), 'more than 32 levels, at byte 160'],
    ['empty objects', `[${'{},'.repeat(1_300_000)}{}]`, 'more than 20000 values, at byte 59998'],
  ])('refuses 4 MB of %s by a limit, not by running out of stack', (_, text, said) => {
    expect(problem(text)).toBe(said)
  })

  it('holds small objects with an index for a name in little memory', () => {
    const bytes = Buffer.from(`[${Array(9_999).fill('{"1000":1}').join()}]`)
    const before = process.memoryUsage().heapUsed
    const value = parseJson(bytes)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(30_000_000)
    expect(value).toHaveLength(9_999)
  })
})
