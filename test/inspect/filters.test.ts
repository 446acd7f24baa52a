import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rebuildFilters } from '../../src/inspect/filters.ts'
import { Refusal } from '../../src/refusal.ts'

function problem(text: string): string {
  try {
    rebuildFilters(text)
  } catch (error) {
    if (error instanceof Refusal) return `${error.reason}: ${error.message}`
    throw error
  }
  throw new Error(`${text} was rebuilt`)
}

describe('rebuildFilters (T50)', () => {
  it.each([
    ['', ''],
    ['{}', '{}'],
    ['[]', '{}'],
    ['null', '{}'],
    [' { "label" : { "a=b" : true } } ', '{"label":{"a=b":true}}'],
    ['{"label":["a=b","c"],"status":["running"]}', '{"label":["a=b","c"],"status":["running"]}'],
    ['{"label":{"a=b":false}}', '{"label":{"a=b":false}}'],
    ['{"label":{},"name":{"x":true}}', '{"label":{},"name":{"x":true}}'],
    ['{"label":[]}', '{"label":[]}'],
    ['{"label":null}', '{"label":{}}'],
    ['{"label":null,"name":["x"]}', '{"label":[],"name":["x"]}'],
    ['{"l\\u0061bel":["\\u0061"]}', '{"label":["a"]}'],
    ['{"__proto__":{"constructor":true}}', '{"__proto__":{"constructor":true}}'],
    ['{"0":["3"],"1":["2"]}', '{"0":["3"],"1":["2"]}'],
  ])('writes %s as %s', (text, rebuilt) => {
    expect(rebuildFilters(text)).toBe(rebuilt)
  })

  it.each([
    '{"label":["a"],"name":{"x":true}}',
    '{"name":{"x":true},"label":["a"]}',
    '{"label":"a"}',
    '{"label":true}',
    '{"label":{"a":"true"}}',
    '{"label":{"a":1}}',
    '{"label":{"a":null}}',
    '{"label":[1]}',
    '{"label":[null]}',
    '{"label":[["a"]]}',
    '{"label":{"a":{"b":true}}}',
    '{"label":["a"],"label":["b"]}',
    '{"label":{"a":true,"a":false}}',
    '{"label":["a"]} {}',
    '["label"]',
    '"label"',
    'true',
    '1',
    'label=a',
    '{"label":["\\ud800"]}',
    '\ufeff{}',
  ])('refuses %s', (text) => {
    expect(problem(text)).toMatch(/^query-malformed: the query parameter "filters" /)
  })

  it('bounds the text', () => {
    const sized = (bytes: number) => `{"name":["x${'é'.repeat((bytes - 14) / 2)}"]}`
    expect(Buffer.byteLength(rebuildFilters(sized(65_536)))).toBe(65_536)
    expect(problem(sized(65_538))).toMatch(/65536 bytes$/)
    expect(problem('['.repeat(60_000))).toMatch(/JSON/)
  })

  const text = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((value) => value.isWellFormed())
  const values = fc.array(text, { maxLength: 4 })
  const lists = fc.dictionary(text, values)
  const maps = fc.dictionary(text, fc.dictionary(text, fc.boolean(), { maxKeys: 4 }))

  it('keeps every filter and value of both forms, and writes what it wrote as it is', () => {
    fc.assert(
      fc.property(fc.oneof(lists, maps), (filters) => {
        const rebuilt = rebuildFilters(JSON.stringify(filters))
        expect(JSON.parse(rebuilt)).toEqual(JSON.parse(JSON.stringify(filters)))
        expect(rebuildFilters(rebuilt)).toBe(rebuilt)
      }),
    )
  })

  it('gives of any JSON either a refusal or one of the two forms', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          lists.map((filters) => JSON.stringify(filters).slice(0, -1)),
        ),
        (any) => {
          let rebuilt: string
          try {
            rebuilt = rebuildFilters(any)
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal)
            return
          }
          const forms = Object.values(rebuilt === '' ? {} : JSON.parse(rebuilt)).map((value) => Array.isArray(value))
          expect(new Set(forms).size).toBeLessThanOrEqual(1)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
