import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../inspect/json/value.ts'

/** The value at a path of member names; undefined where there is none. */
export function at(value: JsonValue, ...path: readonly string[]): JsonValue | undefined {
  let inner: JsonValue | undefined = value
  for (const name of path) {
    if (inner === undefined || !isJsonObject(inner) || !Object.hasOwn(inner, name)) return undefined
    inner = inner[name]
  }
  return inner
}

/** The text at a path; empty where there is none. */
export function textAt(value: JsonValue, ...path: readonly string[]): string {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : ''
}

/**
 * A copy with another value at a path; objects on the way are made where they are missing.
 *
 * @param change gets null where there is nothing
 */
export function edited(
  value: JsonValue,
  [name, ...rest]: readonly string[],
  change: (value: JsonValue) => JsonValue,
): JsonObject {
  const object = isJsonObject(value) ? value : {}
  if (name === undefined) throw new Error('an empty path')
  const inner = Object.hasOwn(object, name) ? (object[name] as JsonValue) : null
  return withMember(object, name, rest.length === 0 ? change(inner) : edited(inner, rest, change))
}

/** A copy with one member replaced, in its place, or added. */
function withMember(object: JsonObject, name: string, value: JsonValue): JsonObject {
  return objectFrom([...Object.entries(object).filter(([other]) => other !== name), [name, value]])
}

/** Defined, not assigned: `__proto__` is a name as any other, and names of digits are no array. */
export function objectFrom(members: Iterable<readonly [name: string, value: JsonValue]>): JsonObject {
  const object: JsonObject = Object.create(null)
  for (const [name, value] of members) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true })
  }
  return object
}

/** An endpoint (EndpointSettings) by which a container is also known as `name` in its network. */
export function withAlias(endpoint: JsonObject, name: string): JsonObject {
  return edited(endpoint, ['Aliases'], (aliases) => {
    const others = aliases !== null && isJsonArray(aliases) ? aliases : []
    return others.includes(name) ? others : [...others, name]
  })
}
