import { list, object, string, stringMap } from '../../engine/fields/make.ts'
import { ULIMITS } from '../../engine/fields/resources.ts'
import type { ListField } from '../../engine/fields/types.ts'
import { quoted } from '../../text.ts'
import { checkFields, type FieldValue } from '../fields.ts'
import { serialiseJson } from '../json/serialise.ts'
import { isJsonArray, isJsonObject, type JsonValue } from '../json/value.ts'
import { badParameter, jsonValue, type QueryRequest } from './query-request.ts'
import { items } from './values.ts'

/*
 * Parameters of a build that hold JSON. All of them are sent as they were read, whatever spelling they came in; `null` and
 * the empty text are none.
 */

const NAME_SHOWN = 64

const OUTPUTS: ListField = list(object({ Type: string(), Attrs: stringMap() }))

/** A map of texts, such as `labels`; with `orNull`, a text may be null (`buildargs`, which the engine then leaves alone). */
export function mapParameter(
  request: QueryRequest,
  name: string,
  { orNull = false } = {},
): ReadonlyArray<readonly [key: string, field: FieldValue]> {
  const value = read(request, name)
  if (value === null) return []
  if (!isJsonObject(value)) throw badParameter(request, name, 'is no JSON object')
  return Object.entries(value).map(([key, text]) => {
    if (typeof text !== 'string' && !(orNull && text === null)) {
      throw badParameter(request, name, `has something else than a string for ${quoted(key, NAME_SHOWN)}`)
    }
    return [key, { path: `${name}[${quoted(key, NAME_SHOWN)}]`, name, value: text }]
  })
}

/** A list of texts: `cachefrom`. */
export function listParameter(request: QueryRequest, name: string): readonly string[] {
  const value = read(request, name)
  if (value === null) return []
  if (!isJsonArray(value) || !value.every((item) => typeof item === 'string')) {
    throw badParameter(request, name, 'is no JSON list of strings')
  }
  return value
}

/** `ulimits`, each with Name, Soft and Hard. */
export function ulimitsParameter(request: QueryRequest): readonly FieldValue[] {
  return objectsParameter(request, 'ulimits', ULIMITS)
}

/** `outputs`, each with Type and Attrs. */
export function outputsParameter(request: QueryRequest): readonly FieldValue[] {
  return objectsParameter(request, 'outputs', OUTPUTS)
}

function objectsParameter(request: QueryRequest, name: string, field: ListField): readonly FieldValue[] {
  const parsed = read(request, name)
  if (parsed === null) return []
  const { unknown, wrongType, value } = checkFields(field, parsed)
  const wrong = unknown[0]?.path ?? wrongType[0]?.path
  if (wrong !== undefined) {
    const where = wrong.startsWith('[') ? `${name}${wrong}` : name
    throw badParameter(request, name, `has ${where}, which the engine would not read as it is written`)
  }
  return items({ path: name, name, value })
}

function read(request: QueryRequest, name: string): JsonValue {
  const value = jsonValue(request, name)
  if (value !== null) request.set(name, serialiseJson(value).toString())
  return value
}
