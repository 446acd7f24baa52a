import { matchesAny, type Pattern } from '../../policy/profile/pattern.ts'
import type { WorkloadProfile } from '../../policy/profile/types.ts'
import { printable, quoted } from '../../text.ts'
import type { FieldValue } from '../fields.ts'
import { isJsonArray, JsonNumber, type JsonValue } from '../json/value.ts'
import type { Finding, WorkloadContext } from './types.ts'

const TEXT_SHOWN = 80
const ITEMS_SHOWN = 3
const LIST_SHOWN = 200

type Key = keyof WorkloadProfile & string
/** A key of the role's workload, or one below it: `limits.memory`. */
export type KeyPath = Key | `${Key}.${string}`

/** What the role does not allow of a field. */
export function finding(field: FieldValue, asked: string, key: KeyPath, why: string): Finding {
  return { field: field.path, asked, key: `workload.${key}`, why }
}

/** What must be stated, and is not. */
export function missing(field: FieldValue, key: KeyPath, why: string): Finding {
  return finding(field, 'nothing', key, why)
}

/** A value, short: strings in quotes, of objects and maps the names alone, as what they hold may be secret. */
export function shown(value: JsonValue): string {
  if (typeof value === 'string') return quoted(value, TEXT_SHOWN)
  if (value instanceof JsonNumber) return printable(value.text, TEXT_SHOWN)
  if (value === null || typeof value === 'boolean') return String(value)
  if (isJsonArray(value)) return `[${enumerated(value.slice(0, ITEMS_SHOWN).map(shown), value.length)}]`
  const names = Object.keys(value)
  return `{${enumerated(
    names.slice(0, ITEMS_SHOWN).map((name) => printable(name, TEXT_SHOWN)),
    names.length,
  )}}`
}

function enumerated(texts: readonly string[], all: number): string {
  return printable(texts.join(', '), LIST_SHOWN) + (all > texts.length ? `, and ${all - texts.length} more` : '')
}

/** What the role has under a key: `the role lists a, b`, or that it has none. */
export function listing(key: KeyPath, listed: readonly (string | Pick<Pattern, 'text'>)[]): string {
  if (listed.length === 0) return lacking(key)
  const texts = listed.slice(0, ITEMS_SHOWN).map((item) => (typeof item === 'string' ? item : item.text))
  return `the role lists ${enumerated(texts, listed.length)}`
}

export function lacking(key: KeyPath): string {
  return `the role has no workload.${key}`
}

/** Finds a field that no part bounds, unless the role lists it by name as one that reaches the host. */
export function unlessHostField(
  field: FieldValue,
  asked: string,
  why: string,
  { workload, principal }: WorkloadContext,
): readonly Finding[] {
  if (matchesAny(workload.hostFields, field.name, principal)) return []
  return [finding(field, asked, 'hostFields', `${why}; the role would have to list ${field.name}`)]
}
