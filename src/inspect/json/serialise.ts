import { isJsonArray, JsonNumber, type JsonValue } from './value.ts'

/**
 * Writes a value as compact JSON in UTF-8: numbers by their text, strings as JSON.stringify does. What is read back is
 * equal to the value.
 */
export function serialiseJson(value: JsonValue): Buffer {
  return Buffer.from(write(value))
}

function write(value: JsonValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (value instanceof JsonNumber) return value.text
  let written = ''
  if (isJsonArray(value)) {
    for (const item of value) written += `${written === '' ? '' : ','}${write(item)}`
    return `[${written}]`
  }
  for (const name in value) {
    written += `${written === '' ? '' : ','}${JSON.stringify(name)}:${write(value[name] as JsonValue)}`
  }
  return `{${written}}`
}
