import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BODY_FIELDS } from '../../../src/engine/fields/bodies.ts'
import type { Field, ObjectField } from '../../../src/engine/fields/types.ts'
import { checkFields } from '../../../src/inspect/fields.ts'
import { parseJson } from '../../../src/inspect/json/parse.ts'
import { serialiseJson } from '../../../src/inspect/json/serialise.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../../src/inspect/json/value.ts'
import { anyBody, objectOf } from '../../engine/fields/arbitrary.ts'
import { jsonValue } from '../json/documents.ts'

const bodies = fc.constantFrom(...BODY_FIELDS.values()).chain((field) => fc.tuple(fc.constant(field), anyBody(field)))

/** Every object of fixed names in the value, with its table. */
function fixedObjects(field: Field, value: JsonValue): Array<readonly [JsonObject, ObjectField]> {
  if (field.type === 'list' && isJsonArray(value)) return value.flatMap((item) => fixedObjects(field.items, item))
  if (!isJsonObject(value)) return []
  if (field.type === 'map') return Object.values(value).flatMap((item) => fixedObjects(field.values, item))
  if (field.type !== 'object') return []
  return [
    [value, field] as const,
    ...[...field.fields].flatMap(([name, inner]) => (name in value ? fixedObjects(inner, value[name] ?? null) : [])),
  ]
}

/** The value with one of its objects in place of another. */
function withReplaced(value: JsonValue, old: JsonObject, by: JsonObject): JsonValue {
  if (value === old) return by
  if (isJsonArray(value)) return value.map((item) => withReplaced(item, old, by))
  if (!isJsonObject(value)) return value
  return objectOf(Object.entries(value).map(([name, item]) => [name, withReplaced(item, old, by)]))
}

const FOLDS: ReadonlyArray<(name: string) => string> = [
  (name) => name.toUpperCase(),
  (name) => name.toLowerCase(),
  (name) => name.replace(/[sS]/, '\u017f'),
  (name) => name.replace(/[kK]/, '\u212a'),
  (name) => `${name} `,
  (name) => `${name}X`,
]

describe('a body made from the tables', () => {
  it('is known, and is sent as what is known too', () => {
    fc.assert(
      fc.property(bodies, ([field, body]) => {
        const first = checkFields(field, parseJson(serialiseJson(body)))
        expect([...first.unknown, ...first.wrongType]).toEqual([])
        const second = checkFields(field, parseJson(serialiseJson(first.value)))
        expect(serialiseJson(second.value).equals(serialiseJson(first.value))).toBe(true)
        expect(second.host).toEqual(first.host)
        expect(second.bounded).toEqual(first.bounded)
      }),
      { numRuns: 2000 },
    )
  })

  it('T40, T42, T44, T79: is refused with any name in another spelling, alone or beside the exact one', () => {
    let refused = 0
    fc.assert(
      fc.property(bodies, fc.nat(), fc.constantFrom(...FOLDS), fc.boolean(), ([field, body], pick, fold, beside) => {
        const known = checkFields(field, body).value
        const objects = fixedObjects(field, known).filter(([object]) => Object.keys(object).length > 0)
        const [object, table] = objects[pick % objects.length] ?? []
        if (object === undefined || table === undefined) return
        const name = Object.keys(object)[pick % Object.keys(object).length] ?? ''
        const other = fold(name)
        if (table.fields.has(other) || table.aliases.has(other) || table.ignored.has(other)) return
        const members = Object.entries(object).filter(([member]) => beside || member !== name)
        const changed = withReplaced(known, object, objectOf([...members, [other, object[name] ?? null]]))
        const { unknown, value } = checkFields(field, parseJson(serialiseJson(changed)))
        expect(unknown).toHaveLength(1)
        expect(unknown[0]?.kept && other.toLowerCase() === name.toLowerCase()).toBe(false)
        expect(checkFields(field, value).unknown).toEqual(unknown.filter(({ kept }) => kept))
        refused += 1
      }),
      { numRuns: 3000 },
    )
    expect(refused).toBeGreaterThan(1000)
  })
})

describe('any JSON value', () => {
  it('is checked without an error, and what is sent of it is known', () => {
    fc.assert(
      fc.property(fc.constantFrom(...BODY_FIELDS.values()), jsonValue, (field, value) => {
        const { unknown, wrongType, value: checked } = checkFields(field, value)
        if (unknown.length > 0 || wrongType.length > 0) return
        const again = checkFields(field, checked)
        expect([...again.unknown, ...again.wrongType]).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })
})
