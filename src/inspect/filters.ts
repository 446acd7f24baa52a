import { Refusal } from '../refusal.ts'
import { quoted } from '../text.ts'
import { parseJson } from './json/parse.ts'
import { serialiseJson } from './json/serialise.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from './json/value.ts'

/** Far more than any client sends; each value may be held against each object of a list. */
const MOST_BYTES = 64 * 1024
const NAME_SHOWN = 64

const NONE = '{}'

/**
 * Reads the `filters` parameter of lists, prunes and events (moby `filters.FromJSON`) and writes it anew, in the form in
 * which it came: `{"label":{"a=b":true}}`, or `{"label":["a=b"]}` as below API 1.22. A value counts as one whether true
 * or false stands behind it, and a filter without values as one that is there. Both forms in one text are refused, as the
 * engine refuses them. `null`, `[]` and `{}` are no filters.
 *
 * @param text the decoded parameter; empty where there is none
 * @returns compact JSON; empty for the empty text
 * @throws Refusal `query-malformed`
 */
export function rebuildFilters(text: string): string {
  if (text === '') return ''
  if (Buffer.byteLength(text) > MOST_BYTES) throw malformed(`has more than ${MOST_BYTES} bytes`)
  const filters = read(text)
  if (filters === null || (isJsonArray(filters) && filters.length === 0)) return NONE
  if (!isJsonObject(filters)) throw malformed('is no JSON object')
  return serialiseJson(formOf(filters)).toString()
}

function read(text: string): JsonValue {
  try {
    return parseJson(Buffer.from(text))
  } catch (cause) {
    throw cause instanceof Refusal ? malformed('is no JSON that can be read without doubt', cause) : cause
  }
}

/** The filters in one form: `null` for no values is the empty value of that form. */
function formOf(filters: JsonObject): JsonObject {
  const entries = Object.entries(filters)
  const lists = entries.some(([, values]) => values !== null && isJsonArray(values))
  const rebuilt: Record<string, JsonValue> = Object.create(null)
  for (const [name, values] of entries) {
    // Defined, as assigned names of digits would be kept as an array.
    Object.defineProperty(rebuilt, name, {
      value: lists ? listOf(name, values) : mapOf(name, values),
      enumerable: true,
    })
  }
  return rebuilt
}

function listOf(name: string, values: JsonValue): JsonValue {
  if (values === null) return []
  if (!isJsonArray(values)) throw malformed(`has both forms of filters, see ${quoted(name, NAME_SHOWN)}`)
  if (!values.every((value) => typeof value === 'string')) throw noValues(name)
  return values
}

function mapOf(name: string, values: JsonValue): JsonValue {
  if (values === null) return Object.create(null) as JsonObject
  if (!isJsonObject(values) || !Object.values(values).every((value) => typeof value === 'boolean')) throw noValues(name)
  return values
}

function noValues(name: string): Refusal {
  return malformed(`has neither {"VALUE": true} nor ["VALUE"] for ${quoted(name, NAME_SHOWN)}`)
}

function malformed(problem: string, cause?: unknown): Refusal {
  return new Refusal('query-malformed', `the query parameter "filters" ${problem}`, { cause })
}
