import type { ASTNode } from '@marcbachmann/cel-js'
import { didYouMean } from '../nearest.ts'
import { quoted } from '../text.ts'
import { parseNetwork } from './network.ts'

/** What is wrong with a condition, and where in its text that begins. */
export interface ConditionProblem {
  readonly problem: string
  readonly offset?: number
}

/** Without `getDayOfMonth`, which counts from 0: `getDate` is the day as people say it. */
const TIME_PARTS = ['getFullYear', 'getMonth', 'getDate', 'getDayOfWeek', 'getHours', 'getMinutes']

/**
 * The functions that a condition may call. Left out on purpose: `matches` (a backtracking regular expression over what
 * a client chose), `lowerAscii` and `upperAscii` (the library folds beyond ASCII: K, the Kelvin sign, becomes k), and
 * everything that parses or decodes what a client may have chosen.
 */
const FUNCTIONS: ReadonlySet<string> = new Set([
  ...'has size int double string bool type dyn startsWith endsWith contains split join substring indexOf'.split(' '),
  ...'lastIndexOf all exists exists_one map filter inNetwork timestamp'.split(' '),
  ...TIME_PARTS,
])

const INSTEAD: ReadonlyMap<string, string> = new Map([['matches', '; use ==, in, startsWith, endsWith or contains']])

/** Functions whose last argument must be a text in the condition itself, so that it is checked once, when that is read. */
const LITERAL: ReadonlyMap<string, { readonly wants: string; readonly isGood: (text: string) => boolean }> = new Map([
  ['inNetwork', { wants: 'a network such as "10.0.0.0/8"', isGood: (text) => parseNetwork(text) !== null }],
  ['timestamp', { wants: 'a time such as "2027-01-31T18:00:00Z"', isGood: isTime }],
  ...TIME_PARTS.map((name) => [name, { wants: 'a time zone such as "Europe/Berlin"', isGood: isZone }] as const),
])

/**
 * The first part of a condition that calls or names what conditions have no use for, or null.
 *
 * @param reserved names that the library knows and conditions must not use
 * @param known the names of variables, for the message
 */
export function refusedPart(
  node: unknown,
  reserved: ReadonlySet<string>,
  known: readonly string[],
): ConditionProblem | null {
  if (Array.isArray(node)) {
    for (const part of node) {
      const refused = refusedPart(part, reserved, known)
      if (refused !== null) return refused
    }
    return null
  }
  if (!isNode(node)) return null
  if (node.op === 'id' && reserved.has(node.args)) {
    return { problem: `"${node.args}" is not known here; a condition has ${known.join(', ')}`, offset: node.start }
  }
  const refused = node.op === 'call' || node.op === 'rcall' ? refusedCall(node) : null
  return refused ?? refusedPart(node.args, reserved, known)
}

function refusedCall(node: ASTNode & { op: 'call' | 'rcall' }): ConditionProblem | null {
  const name = node.args[0]
  if (!FUNCTIONS.has(name)) {
    const instead = INSTEAD.get(name) ?? didYouMean(name, FUNCTIONS)
    return { problem: `the function ${quoted(name, 80)} is not known here${instead}`, offset: node.start }
  }
  const rule = LITERAL.get(name)
  const argument = (node.op === 'call' ? node.args[1] : node.args[2]).at(-1)
  if (rule === undefined || argument === undefined) return null
  if (argument.op === 'value' && typeof argument.args === 'string' && rule.isGood(argument.args)) return null
  return { problem: `${name} wants ${rule.wants}, written in the condition itself`, offset: argument.start }
}

/** A node of the library's syntax tree; the lists in it are arrays. */
export function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}

function isTime(text: string): boolean {
  return (
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  )
}

function isZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
