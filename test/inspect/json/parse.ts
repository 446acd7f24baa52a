import { JSON_LIMITS, parseJson } from '../../../src/inspect/json/parse.ts'
import type { JsonValue } from '../../../src/inspect/json/value.ts'
import { Refusal } from '../../../src/refusal.ts'

export function parse(text: string | Buffer): JsonValue {
  return parseJson(Buffer.from(text as string))
}

/** What the refusal says behind its fixed beginning. */
export function problem(text: string | Buffer, limits = JSON_LIMITS): string {
  try {
    parseJson(Buffer.from(text as string), limits)
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'body-malformed' || error.status !== 400) throw error
    return error.message.replace('the JSON body cannot be read without doubt: ', '')
  }
  return 'accepted'
}
