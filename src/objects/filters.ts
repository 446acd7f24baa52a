import type { Operation } from '../engine/types.ts'
import { parseJson } from '../inspect/json/parse.ts'
import { serialiseJson } from '../inspect/json/serialise.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../inspect/json/value.ts'
import { retarget } from '../inspect/judge/query-request.ts'
import { objectFrom } from './edit.ts'
import { labelIn } from './stamps.ts'

/** The `filters` of an operation, as `rebuildFilters` wrote them. */
export type Filters = ReadonlyMap<string, readonly string[]>

export function filtersOf({ query }: Operation): Filters {
  const text = query.find(([name, value]) => name === 'filters' && value !== '')?.[1]
  const filters = text === undefined ? null : parseJson(Buffer.from(text))
  if (filters === null || !isJsonObject(filters)) return new Map()
  return new Map(Object.entries(filters).map(([name, values]) => [name, valuesOf(values)]))
}

/** The operation with other filters; a filter without values is left as one without values. */
export function withFilters(operation: Operation, filters: Filters): Operation {
  // The form of API 1.22 and up: every engine here reads it.
  const written: JsonObject = objectFrom(
    [...filters].map(([name, values]) => [name, objectFrom(values.map((value) => [value, true]))]),
  )
  const others = operation.query.filter(([name]) => name !== 'filters')
  return retarget(operation, filters.size === 0 ? others : [...others, ['filters', serialiseJson(written).toString()]])
}

/** The operation with one more value for a filter, beside the client's own. */
export function withFilter(operation: Operation, name: string, value: string): Operation {
  const filters = filtersOf(operation)
  return withFilters(operation, new Map([...filters, [name, [...(filters.get(name) ?? []), value]]]))
}

function valuesOf(values: JsonValue): readonly string[] {
  if (isJsonArray(values)) return values.filter((value) => typeof value === 'string')
  return values !== null && isJsonObject(values) ? Object.keys(values) : []
}

/** The labels of an object, held against `label` and `label!` as prunes do it (moby `matchLabels`). */
export function matchesLabels(filters: Filters, labels: JsonValue | undefined): boolean {
  const excluded = filters.get('label!') ?? []
  if (!(filters.get('label') ?? []).every((wanted) => hasLabel(labels, wanted))) return false
  return excluded.length === 0 || !excluded.every((unwanted) => hasLabel(labels, unwanted))
}

/** Whether there is a label: `name`, or `name=value`. */
function hasLabel(labels: JsonValue | undefined, wanted: string): boolean {
  const equals = wanted.indexOf('=')
  const found = labelIn(labels, equals < 0 ? wanted : wanted.slice(0, equals))
  return found !== null && (equals < 0 || found === wanted.slice(equals + 1))
}
