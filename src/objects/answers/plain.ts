import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../inspect/json/value.ts'
import type { Plain, PlainObject } from './decide.ts'
import type { Labels } from './sight.ts'

export function isPlainObject(value: Plain | undefined): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member, and `null` where there is none: names of JavaScript's own objects are names as any other. */
export function memberOf(value: Plain, name: string): Plain {
  return isPlainObject(value) && Object.hasOwn(value, name) ? (value[name] as Plain) : null
}

/** A member that is text; `''`, which names no object, where it is none. */
export function textOf(value: Plain, name: string): string {
  const member = memberOf(value, name)
  return typeof member === 'string' ? member : ''
}

/** A member that is a number; 0 where it is none. */
export function numberOf(value: Plain, name: string): number {
  const member = memberOf(value, name)
  return typeof member === 'number' ? member : 0
}

/** The labels that are a member; Go writes none of them as null, or leaves the member out. */
export function labelsOf(value: Plain, name: string): Labels {
  const member = memberOf(value, name)
  return isPlainObject(member) ? (member as Labels) : {}
}

/** The elements of an array; none of what is no array. */
export function elementsOf(value: Plain): readonly Plain[] {
  return Array.isArray(value) ? value : []
}

/** The object with those of its members replaced that it has and `replace` names; `undefined` takes one away. */
export function withMembers(value: JsonValue, replace: (name: string, value: JsonValue) => JsonValue | undefined) {
  if (!isJsonObject(value)) return value
  const object: Record<string, JsonValue> = Object.create(null)
  for (const name in value) {
    const replaced = replace(name, value[name] as JsonValue)
    if (replaced !== undefined) object[name] = replaced
  }
  return object satisfies JsonObject
}

/** The array with each element changed; what is no array stays. */
export function withElements(value: JsonValue, change: (element: JsonValue) => JsonValue): JsonValue {
  return isJsonArray(value) ? value.map(change) : value
}
