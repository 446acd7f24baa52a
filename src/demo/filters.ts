import { EngineError } from './state.ts'

/** The `filters` parameter in its two spellings, `{"k":{"v":true}}` and `{"k":["v"]}`; throws 400 for a name not in `known`. */
export function readFilters(text: string | null, known: readonly string[]): Map<string, string[]> {
  const filters = new Map<string, string[]>()
  if (!text) return filters
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new EngineError(400, 'invalid filters')
  }
  for (const [name, values] of Object.entries(value ?? {})) {
    if (!known.includes(name)) throw new EngineError(400, `invalid filter '${name}'`)
    filters.set(name, Array.isArray(values) ? values.map(String) : Object.keys(values ?? {}))
  }
  return filters
}

/** True when the filter is absent or one of its values passes. */
export function holds(filters: Map<string, string[]>, name: string, test: (value: string) => boolean): boolean {
  const values = filters.get(name)
  return !values || values.length === 0 || values.some(test)
}

/** `key` or `key=value` against an object of labels. */
export function hasLabel(labels: unknown, wanted: string): boolean {
  const cut = wanted.indexOf('=')
  const entries = new Map(Object.entries((labels ?? {}) as Record<string, string>))
  return cut < 0 ? entries.has(wanted) : entries.get(wanted.slice(0, cut)) === wanted.slice(cut + 1)
}

/** A query parameter's truth as the engine reads it. */
export function isTrue(query: URLSearchParams, name: string): boolean {
  return !['', '0', 'no', 'false', 'none'].includes((query.get(name) ?? '').trim().toLowerCase())
}
