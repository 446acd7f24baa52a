import type { Principal } from '../../identity/principal.ts'
import { didYouMean } from '../../nearest.ts'
import { quoted } from '../../text.ts'

/** A place in a pattern that stands for a fact about the principal, such as `${claims.repository}`. */
interface Variable {
  /** The value, to be taken literally; null when there is none, or when it would not be safe to put into a name or path. */
  readonly valueFor: (principal: Principal) => string | null
}

/** Text as it was written, or a variable, in the order of the pattern. */
export type TemplatePart = string | Variable

export type TemplateResult =
  | { readonly parts: readonly TemplatePart[] }
  | { readonly problem: string; readonly offset: number }

/** A longer value is no name of anything. */
const VALUE_LENGTH = 1024

const CLAIMS = 'claims.'
const FACTS: ReadonlyMap<string, (principal: Principal) => unknown> = new Map<
  string,
  (principal: Principal) => unknown
>([
  ['subject', (principal) => principal.subject],
  ['issuer', (principal) => principal.issuer],
  ['cert.commonName', (principal) => principal.certificate?.commonName],
])

/**
 * Reads the variables of a pattern: `${claims.NAME}` (a dot reaches into a claim that is an object), `${subject}`,
 * `${issuer}` (the configured issuer's name) and `${cert.commonName}`. A `$` without `{` is itself.
 *
 * A value is put in literally, stars and slashes in it included. There is none, and so nothing matches, for a claim that
 * is missing or no text, that is empty or longer than 1024 characters, that holds a control character, a lone surrogate
 * or a backslash, or that has an empty, `.` or `..` segment between slashes.
 */
export function parseTemplate(text: string): TemplateResult {
  const parts: TemplatePart[] = []
  let from = 0
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', from)) {
    const end = text.indexOf('}', start)
    if (end < 0) return { problem: '"${" has no "}"', offset: start }
    const variable = parseVariable(text.slice(start + 2, end))
    if ('problem' in variable) return { ...variable, offset: start }
    parts.push(text.slice(from, start), variable)
    from = end + 1
  }
  parts.push(text.slice(from))
  return { parts: parts.filter((part) => part !== '') }
}

function parseVariable(name: string): Variable | { readonly problem: string } {
  const fact = FACTS.get(name) ?? claim(name)
  if (fact !== null) return { valueFor: (principal) => literal(fact(principal)) }
  const known = [...FACTS.keys(), 'claims.NAME']
  const hint = didYouMean(name.replace(/[.].*/s, ''), ['claims', 'subject', 'issuer', 'cert'])
  return { problem: `${quoted(`\${${name}}`, 80)} is not known here${hint}; there are ${known.join(', ')}` }
}

function claim(name: string): ((principal: Principal) => unknown) | null {
  if (!name.startsWith(CLAIMS)) return null
  const keys = name.slice(CLAIMS.length).split('.')
  if (!keys.every((key) => /^[A-Za-z0-9_-]+$/.test(key))) return null
  return ({ claims }) => {
    let value: unknown = claims
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
      value = (value as Record<string, unknown>)[key]
    }
    return value
  }
}

function literal(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > VALUE_LENGTH || !value.isWellFormed()) return null
  if (/[\0-\x1f\x7f-\x9f\\]/.test(value)) return null
  return value.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..') ? value : null
}
