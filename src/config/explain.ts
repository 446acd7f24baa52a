import { z } from 'zod'
import { didYouMean } from '../nearest.ts'
import { quoted } from '../text.ts'
import type { Issue } from './errors.ts'

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

/** Says in plain words, with the way out, what the schema found wrong in a value that was read from YAML. */
export function explainIssues(schema: z.ZodType, value: unknown, issues: readonly z.core.$ZodIssue[]): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(schemaAt(schema, issue.path))
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        atKey: true,
        message: `unknown key ${quoted(key, 80)}${didYouMean(key, known) || keysHere(known)}`,
      }))
    }
    if (issue.code === 'invalid_key') {
      const key = String(issue.path.at(-1))
      return [
        { path: issue.path, atKey: true, message: `${quoted(key, 80)} ${issue.issues[0]?.message ?? 'is no name'}` },
      ]
    }
    return [{ path: issue.path, message: explain(issue, valueAt(value, issue.path)) }]
  })
}

function explain(issue: z.core.$ZodIssue, found: unknown): string {
  // What our own code says of a key that is not there says also what it is for.
  if (found === undefined && issue.code !== 'custom') return 'is missing'
  switch (issue.code) {
    case 'invalid_type':
      return withFound(
        issue.message.startsWith('wants ') ? issue.message : `wants ${kind(issue.expected, found)}`,
        found,
      )
    case 'invalid_value':
      return notOneOf(issue.values.map(String), found)
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty'
      return issue.origin === 'array' ? 'must have at least one entry' : `must be at least ${issue.minimum}`
    case 'too_big':
      return issue.origin === 'string'
        ? `is longer than ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`
    case 'invalid_format':
      return `${shown(found)} ${issue.message}`
    default:
      return issue.message.startsWith('wants ') ? withFound(issue.message, found) : issue.message
  }
}

function kind(expected: string, found: unknown): string {
  return expected === 'number' && typeof found === 'number' ? 'a finite number' : (KINDS[expected] ?? expected)
}

function withFound(message: string, found: unknown): string {
  const needsQuotes =
    (message === 'wants text' || message.includes(' in quotes')) &&
    (typeof found === 'number' || typeof found === 'boolean')
  return `${message}, not ${shown(found)}${needsQuotes ? '; put it in quotes' : ''}`
}

function notOneOf(values: readonly string[], found: unknown): string {
  if (typeof found === 'string') {
    return `${quoted(found, 80)} is not one of ${values.join(', ')}${didYouMean(found, values)}`
  }
  const quotes = values.includes(String(found)) ? `; write "${String(found)}" in quotes` : ''
  return `wants one of ${values.join(', ')}, not ${shown(found)}${quotes}`
}

function shown(value: unknown): string {
  if (value === null) return 'an empty value'
  if (typeof value === 'string') return quoted(value, 80)
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'boolean') return `the boolean ${value}`
  return Array.isArray(value) ? 'a list' : 'a mapping'
}

function keysHere(known: readonly string[]): string {
  return known.length === 1 ? `; the only key here is ${known[0]}` : `; the keys here are ${known.join(', ')}`
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = (found as Record<PropertyKey, unknown>)[key]
  }
  return found
}

function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let at: z.core.$ZodType | undefined = bare(schema)
  for (const key of path) {
    if (at instanceof z.ZodObject) at = at.shape[String(key)]
    else if (at instanceof z.ZodArray) at = at.element
    else if (at instanceof z.ZodRecord) at = at.valueType
    else return undefined
    if (at !== undefined) at = bare(at)
  }
  return at
}

/** The schema without its defaults and transforms. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return bare(schema.unwrap())
  }
  return schema instanceof z.ZodPipe ? bare(schema.in) : schema
}

function knownKeys(schema: z.core.$ZodType | undefined): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}
