import { isJsonArray, isJsonObject, type JsonValue } from '../../inspect/json/value.ts'

/** Every member whose name Go's encoding/json takes for this one: it folds case, `ſ` and the Kelvin sign included. */
export function members(value: JsonValue, name: string): readonly JsonValue[] {
  if (value === null || !isJsonObject(value)) return []
  return Object.entries(value).flatMap(([other, member]) => (folded(other) === folded(name) ? [member] : []))
}

export function elements(value: JsonValue): readonly JsonValue[] {
  return value !== null && isJsonArray(value) ? value : []
}

export function texts(value: JsonValue): readonly string[] {
  return elements(value).filter((text) => typeof text === 'string')
}

function folded(name: string): string {
  return name.toUpperCase().toLowerCase()
}
