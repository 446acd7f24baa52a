import { quoted } from '../../text.ts'
import type { FieldValue } from '../fields.ts'
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../json/value.ts'

/*
 * Reading a checked body, whose values have the types of its table. What is absent is read as Go reads it: the empty
 * string, zero, false, no items.
 */

const KEY_SHOWN = 64

/** The whole body as a field, from which `member` leads on. */
export function wholeOf(body: JsonValue): FieldValue {
  return { path: '', name: '', value: body }
}

/** A member of an object, or of one below it; its value is null where there is none. */
export function member(field: FieldValue, ...names: readonly string[]): FieldValue {
  let { path, name, value } = field
  for (const step of names) {
    path = path === '' ? step : `${path}.${step}`
    name = name === '' ? step : `${name}.${step}`
    value = isJsonObject(value) ? (value[step] ?? null) : null
  }
  return { path, name, value }
}

/** The items of a list. */
export function items({ path, name, value }: FieldValue): readonly FieldValue[] {
  if (value === null || !isJsonArray(value)) return []
  return value.map((item, index) => ({ path: `${path}[${index}]`, name, value: item }))
}

/** The entries of a map, by key. */
export function entries({ path, name, value }: FieldValue): readonly (readonly [key: string, field: FieldValue])[] {
  if (!isJsonObject(value)) return []
  return Object.entries(value).map(
    ([key, item]) => [key, { path: `${path}[${quoted(key, KEY_SHOWN)}]`, name, value: item }] as const,
  )
}

export function textOf({ value }: FieldValue): string {
  return typeof value === 'string' ? value : ''
}

/** Beyond 2^53 it is rounded, which no limit is fine enough to notice. */
export function numberOf({ value }: FieldValue): number {
  return value instanceof JsonNumber ? Number(value.text) : 0
}

export function flagOf({ value }: FieldValue): boolean {
  return value === true
}

/** The last of the names that lead to a field: `Memory` of `HostConfig.Memory`. */
export function lastName({ name }: FieldValue): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** Whether the field is of the containers that a service makes. */
export function isOfService({ name }: FieldValue): boolean {
  return name.startsWith('TaskTemplate.')
}

/** The object (or an empty one) with some members replaced or added. */
export function withMembers(value: JsonValue, members: Readonly<Record<string, JsonValue>>): JsonObject {
  const object: Record<string, JsonValue> = Object.create(null)
  for (const source of [isJsonObject(value) ? value : {}, members]) {
    for (const name of Object.keys(source)) {
      const item = source[name] as JsonValue
      // As the parser does: V8 would keep assigned names of digits as an array.
      if (/^[0-9]/.test(name)) {
        Object.defineProperty(object, name, { value: item, enumerable: true, configurable: true })
      } else object[name] = item
    }
  }
  return object
}

/**
 * The value with what stands at the end of the path replaced by what `make` makes of it (null where there is nothing).
 * Objects on the way are copied, or made where there are none; the value itself is answered where nothing changes.
 */
export function replaceAt(value: JsonValue, path: readonly string[], make: (value: JsonValue) => JsonValue): JsonValue {
  const [name, ...rest] = path
  if (name === undefined) return make(value)
  const before = isJsonObject(value) ? (value[name] ?? null) : null
  const after = replaceAt(before, rest, make)
  return after === before ? value : withMembers(value, { [name]: after })
}

/** A list with each item replaced; what is no list stays as it is. */
export function mapItems(value: JsonValue, make: (item: JsonValue) => JsonValue): JsonValue {
  if (value === null || !isJsonArray(value)) return value
  const made = value.map(make)
  return made.some((item, index) => item !== value[index]) ? made : value
}

export function jsonInteger(value: number): JsonNumber {
  return new JsonNumber(String(value))
}
