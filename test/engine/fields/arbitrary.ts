import fc from 'fast-check'
import type { Field, ObjectField } from '../../../src/engine/fields/types.ts'
import { JsonNumber, type JsonObject, type JsonValue } from '../../../src/inspect/json/value.ts'

/*
 * Bodies made from the tables themselves.
 */

const KEYS = ['a', 'A', '80/tcp', 'net.ipv4.ip_forward', '', '1000', '__proto__', '\u017f', 'Privileged', 'x"]y']
const STRINGS = ['', 'x', '/', 'host', 'local', 'no', 'container:x', '\u0000', '\u{1f433}']
const INTEGERS = ['0', '-0', '1', '-1', '1073741824', '9223372036854775807', '-9223372036854775808']
const NUMBERS = [...INTEGERS, '0.5', '1e3', '-0.0', '1e-400']

/** A value of the field's type, null now and then; of an object any of its names, aliases and ignored ones. */
function anyValue(field: Field): fc.Arbitrary<JsonValue> {
  return fc.option(anyBody(field), { nil: null, freq: 8 })
}

/** A body of the operation: never null. */
export function anyBody(field: Field): fc.Arbitrary<JsonValue> {
  switch (field.type) {
    case 'string':
      return fc.constantFrom(...STRINGS, ...(field.nothing ?? []))
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.constantFrom(...INTEGERS).map((text) => new JsonNumber(text))
    case 'number':
      return fc.constantFrom(...NUMBERS).map((text) => new JsonNumber(text))
    case 'list': {
      const items = fc.array(anyBody(field.items), { maxLength: 2 })
      return field.orString ? fc.oneof(items, fc.constantFrom(...STRINGS)) : items
    }
    case 'map':
      return fc.dictionary(fc.constantFrom(...KEYS), anyValue(field.values), { maxKeys: 3, noNullPrototype: false })
    default:
      return membersOf(field)
  }
}

function membersOf(field: ObjectField): fc.Arbitrary<JsonObject> {
  const names = [...field.fields.keys()]
  const known = names.length === 0 ? fc.constant([]) : fc.subarray(names, { maxLength: Math.min(names.length, 6) })
  const ignored = fc.subarray([...field.ignored], { maxLength: Math.min(field.ignored.size, 1) })
  return fc.tuple(known, ignored, fc.boolean()).chain(([chosen, dropped, other]) => {
    const members = chosen.map((name) =>
      fc.tuple(fc.constant(spelled(field, name, other)), anyValue(fieldOf(field, name))),
    )
    const rest = dropped.map((name) => fc.tuple(fc.constant(name), fc.constantFrom<JsonValue>(null, 'x', true)))
    return fc.tuple(...members, ...rest).map(objectOf)
  })
}

/** The name, or its alias. */
function spelled(field: ObjectField, name: string, other: boolean): string {
  const alias = [...field.aliases].find(([, meant]) => meant === name)?.[0]
  return other && alias !== undefined ? alias : name
}

function fieldOf(field: ObjectField, name: string): Field {
  const inner = field.fields.get(name)
  if (inner === undefined) throw new Error(`no field ${name}`)
  return inner
}

export function objectOf(members: ReadonlyArray<readonly [string, JsonValue]>): JsonObject {
  const object: Record<string, JsonValue> = Object.create(null)
  for (const [name, value] of members) object[name] = value
  return object
}
