import type { Principal } from '../../identity/principal.ts'
import { didYouMean } from '../../nearest.ts'
import { quoted } from '../../text.ts'

/** A place in a text that stands for a fact about the principal, such as `${claims.repository}`. */
interface Variable {
  /** As written, without the braces: `claims.repository`. */
  readonly name: string
  /** Member names from `claims` on; null for a variable that is no claim. */
  readonly claim: readonly string[] | null
  /** Where in the text it begins. */
  readonly offset: number
  /** The value as it is; null when there is none, or when it is no text. */
  readonly textFor: (principal: Principal) => string | null
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

const CLAIMS = 'claims'
const FACTS: ReadonlyMap<string, (principal: Principal) => unknown> = new Map<
  string,
  (principal: Principal) => unknown
>([
  ['subject', (principal) => principal.subject],
  ['issuer', (principal) => principal.issuer],
  ['cert.commonName', (principal) => principal.certificate?.commonName],
])

/**
 * Reads the variables of a pattern: `${claims.NAME}` (a dot reaches into a claim that is an object),
 * `${claims["any name"]}`, `${subject}`, `${issuer}` (the configured issuer's name) and `${cert.commonName}`. A `$` without
 * `{` is itself.
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
    const variable = parseVariable(text.slice(start + 2, end), start)
    if ('problem' in variable) return { ...variable, offset: start }
    parts.push(text.slice(from, start), variable)
    from = end + 1
  }
  parts.push(text.slice(from))
  return { parts: parts.filter((part) => part !== '') }
}

function parseVariable(name: string, offset: number): Variable | { readonly problem: string } {
  const path = claimPath(name)
  const fact = path === null ? FACTS.get(name) : claimAt(path)
  if (fact !== undefined) {
    const textFor = (principal: Principal) => {
      const value = fact(principal)
      return typeof value === 'string' ? value : null
    }
    return { name, claim: path, offset, textFor, valueFor: (principal) => literal(textFor(principal)) }
  }
  const known = [...FACTS.keys(), 'claims.NAME']
  const hint = didYouMean(name.replace(/[.[].*/s, ''), ['claims', 'subject', 'issuer', 'cert'])
  return { problem: `${quoted(`\${${name}}`, 80)} is not known here${hint}; there are ${known.join(', ')}` }
}

/** The member names of `claims.a["b.c"]`; null when it is no such thing. */
function claimPath(name: string): readonly string[] | null {
  if (!name.startsWith(CLAIMS)) return null
  const step = /\.([A-Za-z0-9_-]+)|\["([^"\\]+)"\]/y
  const keys: string[] = []
  for (let at = CLAIMS.length; at < name.length; at = step.lastIndex) {
    step.lastIndex = at
    const [, plain, inQuotes] = step.exec(name) ?? []
    const key = plain ?? inQuotes
    if (key === undefined) return null
    keys.push(key)
  }
  return keys.length === 0 ? null : keys
}

function claimAt(path: readonly string[]): (principal: Principal) => unknown {
  return ({ claims }) => {
    let value: unknown = claims
    for (const key of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
      value = (value as Record<string, unknown>)[key]
    }
    return value
  }
}

function literal(value: string | null): string | null {
  if (value === null || value.length > VALUE_LENGTH || !value.isWellFormed()) return null
  if (/[\0-\x1f\x7f-\x9f\\]/.test(value)) return null
  return value.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..') ? value : null
}
