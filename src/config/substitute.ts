import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Document, isMap, isScalar, isSeq, type Scalar } from 'yaml'
import { didYouMean } from '../nearest.ts'
import type { Issue } from './errors.ts'
import { type Interpolated, interpolate } from './interpolate.ts'
import { whyUnreadable } from './read-file.ts'

/** Where the values come from that a file only names. */
export interface Outside {
  /** Relative paths are relative to it. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Told of each file before it is read. */
  readonly reads: (path: string) => void
}

/** A value that does not stand in the file. */
export interface Replaced {
  readonly path: readonly PropertyKey[]
  readonly written: string
  readonly value: string
  /** What of it came from elsewhere: the rest is written in the file. */
  readonly parts: readonly string[]
}

export interface Substitution {
  readonly replaced: readonly Replaced[]
  /** Of values that are not to be had; these are null in the document now. */
  readonly problems: readonly Issue[]
}

/** A URL (file://…) is none. */
const FILE = /^file:(?!\/\/)/
const MAX_FILE_BYTES = 64 * 1024
const WRITTEN_BY_OTHERS = 0o022
/** Text that would end a text of a condition early. */
const UNSAFE_IN_CEL = /["'\\]/
/** What YAML takes for no text, where it stands without quotes. */
const TYPED = /^(?:true|false|-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,9})?)$/

/**
 * Puts in the values that a file names only: `${NAME}` of the environment, in any text, and `file:path` for the content of
 * a file, as a whole value. Keys stay. A value without quotes that is nothing but a variable is read as if its value stood
 * there: a number, true or false are no text.
 */
export function substitute(document: Document.Parsed, outside: Outside): Substitution {
  const replaced: Replaced[] = []
  const problems: Issue[] = []
  function enter(node: unknown, path: readonly PropertyKey[]): void {
    if (isMap(node))
      for (const { key, value } of node.items) enter(value, [...path, isScalar(key) ? String(key.value) : ''])
    else if (isSeq(node)) for (const [index, item] of node.items.entries()) enter(item, [...path, index])
    else if (isScalar(node) && typeof node.value === 'string') replace(node as Scalar<string>, path)
  }
  function replace(node: Scalar<string>, path: readonly PropertyKey[]): void {
    const written = node.value
    const value = replacementOf(written, path, outside)
    if (value === null) return
    if ('problem' in value) {
      problems.push({ path, message: value.problem })
      ;(node as Scalar).value = null
      return
    }
    const whole = node.type === 'PLAIN' && /^\$\{[^}]*\}$/.test(written)
    ;(node as Scalar).value = whole && TYPED.test(value.value) ? JSON.parse(value.value) : value.value
    if (value.parts.length > 0) replaced.push({ path, written, value: value.value, parts: value.parts })
  }
  enter(document.contents, [])
  return { replaced, problems }
}

type Found = { readonly value: string; readonly parts: readonly string[] } | { readonly problem: string }

/** Null for a text that is its own value. */
function replacementOf(written: string, path: readonly PropertyKey[], outside: Outside): Found | null {
  const isFile = FILE.test(written)
  if (!isFile && !written.includes('${')) return null
  const { environment } = outside
  const made = interpolate(written, (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined))
  if ('problem' in made) return { problem: whyNot(made, environment) }
  for (const { name, value } of made.inserted) {
    const problem = misfit(value, path)
    if (problem !== null) return { problem: `the value of ${name} has ${problem}` }
  }
  const parts = made.inserted.map(({ value }) => value)
  if (!isFile) return { value: made.text, parts }
  const file = resolve(outside.directory, made.text.replace(FILE, ''))
  return contentOf(file, parts.length > 0 ? written : file, path, outside)
}

function whyNot(
  { problem, name }: Extract<Interpolated, { problem: string }>,
  environment: Outside['environment'],
): string {
  if (problem === 'malformed') return 'wants ${NAME} or ${NAME:-default} here, or $${NAME} for the text itself'
  const near = didYouMean(name, Object.keys(environment))
  return `the environment variable ${name} is not set${near || '; set it, or write ${NAME:-default}'}`
}

/** @param shown what messages call the file: not by values of the environment */
function contentOf(file: string, shown: string, path: readonly PropertyKey[], { reads }: Outside): Found {
  reads(file)
  try {
    const facts = statSync(file)
    if (!facts.isFile()) return { problem: `${shown} is not a regular file` }
    if (facts.size > MAX_FILE_BYTES) return { problem: `${shown} is larger than 64 KiB` }
    if ((facts.mode & WRITTEN_BY_OTHERS) !== 0) {
      return { problem: `${shown} may be written by others than its owner: chmod go-w ${shown}` }
    }
    const value = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)).trim()
    const problem = misfit(value, path)
    return problem === null ? { value, parts: [value] } : { problem: `the content of ${shown} has ${problem}` }
  } catch (error) {
    return { problem: `${shown} ${whyUnreadable(error).replaceAll(file, () => shown)}` }
  }
}

/** What a value has that does not belong where it would stand. */
function misfit(value: string, path: readonly PropertyKey[]): string | null {
  if (/\p{Cc}/u.test(value)) return 'a line break or another control character in it'
  if (path.at(-1) !== 'when' || !UNSAFE_IN_CEL.test(value)) return null
  return 'a quote or a backslash in it, which would change the condition'
}
