import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js'
import type { CertificateFacts, ClaimValue, Principal } from '../identity/principal.ts'
import { didYouMean } from '../nearest.ts'
import { printable, quoted } from '../text.ts'

/** What a condition says of a principal. An error, such as a claim that is not there, holds for nobody. */
interface ConditionOutcome {
  readonly holds: boolean
  /** Why it could not be evaluated, one line; null when it could. */
  readonly error: string | null
}

export interface Condition {
  /** As it is written in the configuration. */
  readonly text: string
  /** Never throws. */
  readonly evaluate: (principal: Principal) => ConditionOutcome
}

/** A compiled condition, or what is wrong with its text and where in it that begins. */
export type ConditionResult = Condition | { readonly problem: string; readonly offset?: number }

const HOLDS: ConditionOutcome = { holds: true, error: null }
const FAILS: ConditionOutcome = { holds: false, error: null }
const ERROR_LENGTH = 300

/** Beyond it a claim matches nothing: real claims are flat, and the evaluator keeps a type for every shape that it has seen. */
const MAX_CLAIM_DEPTH = 8

const NO_CERTIFICATE: CertificateFacts = {
  subject: '',
  commonName: '',
  dns: [],
  uri: [],
  email: [],
  serial: '',
  fingerprint: '',
}

const VARIABLES = ['claims', 'cert', 'subject', 'issuer'] as const
/** CEL's names of types, as in `type(claims.groups) == list`. */
const TYPE_NAMES = ['string', 'bool', 'int', 'uint', 'double', 'bytes', 'list', 'map', 'null_type', 'type']

/**
 * The functions that a condition may call. Left out on purpose: `matches` (a backtracking regular expression over what
 * a client chose), `lowerAscii` and `upperAscii` (the library folds beyond ASCII: K, the Kelvin sign, becomes k), and
 * everything that parses (`json`, `timestamp`) or decodes.
 */
const FUNCTIONS: ReadonlySet<string> = new Set(
  'has size int double string bool type dyn startsWith endsWith contains split join substring indexOf lastIndexOf all exists exists_one map filter'.split(
    ' ',
  ),
)

const INSTEAD: ReadonlyMap<string, string> = new Map([['matches', '; use ==, in, startsWith, endsWith or contains']])

const environment = new Environment({
  unlistedVariablesAreDyn: false,
  homogeneousAggregateLiterals: true,
  enableOptionalTypes: false,
  limits: { maxAstNodes: 1000, maxDepth: 32, maxListElements: 500, maxMapEntries: 50, maxCallArguments: 8 },
})
  .registerVariable('claims', 'map<string, dyn>')
  .registerVariable({
    name: 'cert',
    schema: {
      subject: 'string',
      commonName: 'string',
      dns: 'list<string>',
      uri: 'list<string>',
      email: 'list<string>',
      serial: 'string',
      fingerprint: 'string',
    },
  })
  .registerVariable('subject', 'string')
  .registerVariable('issuer', 'string')

/** What the library knows beyond our variables and the names of types: its own namespaces, of no use here. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(
  environment
    .getDefinitions()
    .variables.map(({ name }) => name)
    .filter((name) => !(VARIABLES as readonly string[]).includes(name) && !TYPE_NAMES.includes(name)),
)

/**
 * Compiles a CEL condition over `claims` (map of the verified token's claims), `cert` (facts of the verified
 * certificate, all empty without one), `subject` and `issuer`. It is type-checked, and must yield true or false. An
 * error while it is evaluated, such as a claim that is not there, is a non-match.
 *
 * Whole numbers in claims are CEL ints, others doubles; the two compare by value.
 */
export function compileCondition(text: string): ConditionResult {
  let condition: ParseResult
  try {
    condition = environment.parse(text)
  } catch (error) {
    return celProblem(error)
  }
  const checked = condition.check()
  if (!checked.valid) return celProblem(checked.error)
  const refused = refusedPart(condition.ast)
  if (refused !== null) return refused
  if (checked.type !== 'bool') {
    return { problem: `the condition yields ${checked.type}, not bool: compare it, as in claims.name == "value"` }
  }
  return { text, evaluate: (principal) => evaluate(condition, principal) }
}

function evaluate(condition: ParseResult, principal: Principal): ConditionOutcome {
  try {
    return condition(contextOf(principal)) === true ? HOLDS : FAILS
  } catch (error) {
    return { holds: false, error: celMessage(error) }
  }
}

/** What the evaluator sees of a principal, made once for all bindings that are tried; it lives as long as the principal. */
const contexts = new WeakMap<Principal, Record<string, unknown>>()

function contextOf(principal: Principal): Record<string, unknown> {
  const known = contexts.get(principal)
  if (known !== undefined) return known
  const { subject, issuer } = principal
  const cert = principal.certificate ?? NO_CERTIFICATE
  const context = { claims: celValue(principal.claims, 0), cert, subject, issuer }
  contexts.set(principal, context)
  return context
}

/**
 * JSON as CEL sees it: objects become Maps, which have no prototype to reach and no inherited names; whole numbers
 * become ints. A claim named `__proto__` matches nothing: the evaluator compares maps by `key in object`.
 */
function celValue(value: ClaimValue, depth: number): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_CLAIM_DEPTH) throw new RangeError('claims are nested too deeply')
  if (Array.isArray(value)) return value.map((item: ClaimValue) => celValue(item, depth + 1))
  const map = new Map<string, unknown>()
  for (const [name, item] of Object.entries(value)) {
    if (name === '__proto__') throw new RangeError('claims have a member named __proto__')
    map.set(name, celValue(item, depth + 1))
  }
  return map
}

/** The first part of the condition that calls or names what conditions have no use for. */
function refusedPart(node: unknown): { problem: string; offset: number } | null {
  if (Array.isArray(node)) {
    for (const part of node) {
      const refused = refusedPart(part)
      if (refused !== null) return refused
    }
    return null
  }
  if (!isNode(node)) return null
  if (node.op === 'id' && RESERVED_NAMES.has(node.args)) {
    return { problem: `"${node.args}" is not known here; a condition has ${VARIABLES.join(', ')}`, offset: node.start }
  }
  if ((node.op === 'call' || node.op === 'rcall') && !FUNCTIONS.has(node.args[0])) {
    const name = node.args[0]
    return {
      problem: `the function ${quoted(name, 80)} is not known here${INSTEAD.get(name) ?? didYouMean(name, FUNCTIONS)}`,
      offset: node.start,
    }
  }
  return refusedPart(node.args)
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}

function celProblem(error: unknown): { problem: string; offset?: number } {
  const { range } = error as { range?: { start: number } }
  const problem = `not a CEL condition: ${celMessage(error)}`
  return range === undefined ? { problem } : { problem, offset: range.start }
}

/** The library's messages have several lines, with the condition's text; their summary is one. */
function celMessage(error: unknown): string {
  const { summary, message } = error as { summary?: string; message?: string }
  return printable(summary ?? message ?? String(error), ERROR_LENGTH)
}
