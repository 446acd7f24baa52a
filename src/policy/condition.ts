import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js'
import type { CertificateFacts, ClaimValue, Principal } from '../identity/principal.ts'
import { printable } from '../text.ts'
import { type ConditionProblem, isNode, refusedPart } from './condition-rules.ts'
import { parseNetwork, plainAddress } from './network.ts'
import type { RequestFacts } from './types.ts'

/** What a condition says of a principal and a request. An error holds for nobody. */
interface ConditionOutcome {
  readonly holds: boolean
  /** Why it could not be evaluated, one line; null when it could. */
  readonly error: string | null
  /** The error is a claim that is not there: that is how conditions tell tokens apart. */
  readonly claimMissing: boolean
}

export interface Condition {
  /** As it is written in the configuration. */
  readonly text: string
  readonly ast: ASTNode
  /** It looks at the request, so what it says of one request it need not say of the principal's next. */
  readonly perRequest: boolean
  /** Never throws. */
  readonly evaluate: (principal: Principal, request: RequestFacts) => ConditionOutcome
}

/** A compiled condition, or what is wrong with its text and where in it that begins. */
export type ConditionResult = Condition | ConditionProblem

const HOLDS: ConditionOutcome = { holds: true, error: null, claimMissing: false }
const FAILS: ConditionOutcome = { holds: false, error: null, claimMissing: false }
const ERROR_LENGTH = 300

/** Beyond it a claim matches nothing: real claims are flat, and the evaluator keeps a type for every shape that it has seen. */
const MAX_CLAIM_DEPTH = 8

const NO_CERTIFICATE: CertificateFacts = {
  subject: '',
  commonName: '',
  dns: [],
  uri: [],
  email: [],
  issuer: '',
  serial: '',
  fingerprint: '',
}

const VARIABLES = ['claims', 'cert', 'request', 'subject', 'issuer'] as const
/** CEL's names of types, as in `type(claims.groups) == list`. */
const TYPE_NAMES = ['string', 'bool', 'int', 'uint', 'double', 'bytes', 'list', 'map', 'null_type', 'type']

/** What every network in a condition is read to once; they are all written in the configuration. */
const networks = new Map<string, (address: string) => boolean>()

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
      issuer: 'string',
      serial: 'string',
      fingerprint: 'string',
    },
  })
  .registerVariable({
    name: 'request',
    schema: { address: 'string', listener: 'string', operation: 'string', time: 'google.protobuf.Timestamp' },
  })
  .registerVariable('subject', 'string')
  .registerVariable('issuer', 'string')
  .registerFunction('string.inNetwork(string): bool', inNetwork)

/** What the library knows beyond our variables and the names of types: its own namespaces, of no use here. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(
  environment
    .getDefinitions()
    .variables.map(({ name }) => name)
    .filter((name) => !(VARIABLES as readonly string[]).includes(name) && !TYPE_NAMES.includes(name)),
)

/**
 * Compiles a CEL condition over `claims` (map of the verified token's claims), `cert` (facts of the verified
 * certificate, all empty without one), `request` (the client's IP address, the listener's name, the operationId and the
 * time), `subject` and `issuer`. It is type-checked, and must yield true or false. An error while it is evaluated, such
 * as a claim that is not there, is a non-match.
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
  const refused = refusedPart(condition.ast, RESERVED_NAMES, VARIABLES)
  if (refused !== null) return refused
  if (checked.type !== 'bool') {
    return { problem: `the condition yields ${checked.type}, not bool: compare it, as in claims.name == "value"` }
  }
  const perRequest = names(condition.ast, 'request')
  const { ast } = condition
  const evaluate = (principal: Principal, request: RequestFacts) =>
    outcomeOf(condition, () => contextOf(principal, perRequest ? request : null))
  return { text, ast, perRequest, evaluate }
}

function outcomeOf(condition: ParseResult, context: () => object): ConditionOutcome {
  try {
    return condition(context()) === true ? HOLDS : FAILS
  } catch (error) {
    const { code } = error as { code?: string }
    return { holds: false, error: celMessage(error), claimMissing: code === 'no_such_key' }
  }
}

/** True when the variable occurs anywhere in the tree. */
function names(node: unknown, variable: string): boolean {
  if (Array.isArray(node)) return node.some((part) => names(part, variable))
  return isNode(node) && (node.op === 'id' ? node.args === variable : names(node.args, variable))
}

function inNetwork(address: string, text: string): boolean {
  let contains = networks.get(text)
  if (contains === undefined) {
    contains = parseNetwork(text) ?? (() => false)
    networks.set(text, contains)
  }
  return contains(address)
}

/** What the evaluator sees of a principal, made once for all bindings that are tried; it lives as long as the principal. */
const contexts = new WeakMap<Principal, Record<string, unknown>>()

function contextOf(principal: Principal, request: RequestFacts | null): Record<string, unknown> {
  const about = principalContext(principal)
  if (request === null) return about
  const { listener, operation, time } = request
  return { ...about, request: { address: plainAddress(request.address), listener, operation, time: new Date(time) } }
}

function principalContext(principal: Principal): Record<string, unknown> {
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

function celProblem(error: unknown): ConditionProblem {
  const { range } = error as { range?: { start: number } }
  const problem = `not a CEL condition: ${celMessage(error)}`
  return range === undefined ? { problem } : { problem, offset: range.start }
}

/** The library's messages have several lines, with the condition's text; their summary is one. */
function celMessage(error: unknown): string {
  const { summary, message } = error as { summary?: string; message?: string }
  return printable(summary ?? message ?? String(error), ERROR_LENGTH)
}
