import type { Field, ListField, MapField, ObjectField } from '../../src/engine/fields/types.ts'
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../../src/inspect/json/value.ts'

/** Where two readings of a body differ: the path, ours, and the engine's. */
interface Difference {
  readonly path: string
  readonly ours: JsonValue
  readonly engine: JsonValue
}

/** What comes of comparing. */
export interface Comparison {
  readonly differences: Difference[]
  /** Fields of the table that the body has and the engine has not. */
  readonly unread: Set<string>
}

/**
 * Compares what was judged with what an engine read, which has every field that the engine knows. Null and absence of
 * ours are the engine's zero value; a list or map that is empty is not.
 */
export function compare(field: Field, ours: JsonValue, engine: JsonValue, path: string, result: Comparison): void {
  if (!isSame(field, ours, engine, path, result)) result.differences.push({ path, ours, engine })
}

/** Whether the two are of one kind and size; what is inside is compared by itself. */
function isSame(field: Field, ours: JsonValue, engine: JsonValue, path: string, result: Comparison): boolean {
  if (ours === null) return isZero(engine)
  if (engine === null) return false
  switch (field.type) {
    case 'list':
      return isJsonArray(ours) && isJsonArray(engine) && compareItems(field, ours, engine, path, result)
    case 'map':
      return isJsonObject(ours) && isJsonObject(engine) && compareEntries(field, ours, engine, path, result)
    case 'object':
      return isJsonObject(ours) && isJsonObject(engine) && compareMembers(field, ours, engine, path, result)
    default:
      return isSameScalar(ours, engine)
  }
}

function compareItems(
  { items }: ListField,
  ours: readonly JsonValue[],
  engine: readonly JsonValue[],
  path: string,
  result: Comparison,
): boolean {
  // An array of two to the engine, which leaves out what is more.
  const counted = path === 'HostConfig.ConsoleSize' ? [...ours, null, null].slice(0, 2) : ours
  counted.forEach((item, index) => {
    compare(items, item, engine[index] ?? null, path, result)
  })
  return counted.length === engine.length
}

function compareEntries({ values }: MapField, ours: JsonObject, engine: JsonObject, path: string, result: Comparison) {
  const keys = Object.keys(ours)
  for (const key of keys) compare(values, ours[key] ?? null, engine[key] ?? null, path, result)
  return keys.length === Object.keys(engine).length && keys.every((key) => key in engine)
}

function compareMembers(
  { fields }: ObjectField,
  ours: JsonObject,
  engine: JsonObject,
  path: string,
  result: Comparison,
): boolean {
  const pathTo = (name: string) => (path === '' ? name : `${path}.${name}`)
  for (const name of Object.keys(ours)) if (!(name in engine) && fields.has(name)) result.unread.add(pathTo(name))
  for (const [name, value] of Object.entries(engine)) {
    const field = fields.get(name)
    if (field !== undefined) compare(field, ours[name] ?? null, value, pathTo(name), result)
    // What the table does not know must not have come to the engine.
    else if (!isZero(value)) result.differences.push({ path: pathTo(name), ours: null, engine: value })
  }
  return true
}

function isSameScalar(ours: JsonValue, engine: JsonValue): boolean {
  if (!(ours instanceof JsonNumber)) return ours === engine
  return engine instanceof JsonNumber && ours.isInteger && engine.isInteger && ours.toBigInt() === engine.toBigInt()
}

function isZero(value: JsonValue): boolean {
  if (value === null || value === false || value === '') return true
  if (value instanceof JsonNumber) return value.text === '0'
  if (isJsonArray(value)) return value.length > 0 && value.every(isZero)
  return isJsonObject(value) && Object.values(value).every(isZero)
}
