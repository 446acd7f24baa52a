import type { ASTNode } from '@marcbachmann/cel-js'
import type { ClaimTable, ClaimType } from '../config/issuer-claims.ts'
import type { TenantClaim } from '../config/shared-issuers.ts'
import { didYouMean } from '../nearest.ts'
import { quoted } from '../text.ts'
import { type ConditionProblem, isNode } from './condition-rules.ts'

/**
 * True when the condition can match only tokens whose tenant it names: one of the claims that name the tenant equals a
 * text that is written in the condition, is in a list of such texts, or begins or ends with enough of one. Every way to
 * a match must have such a part: both sides of `||`, one of `&&`. What is negated names nobody.
 */
export function namesTenant(node: ASTNode, claims: readonly TenantClaim[]): boolean {
  switch (node.op) {
    case 'value':
      return node.args === false
    case '&&':
      return namesTenant(node.args[0], claims) || namesTenant(node.args[1], claims)
    case '||':
      return namesTenant(node.args[0], claims) && namesTenant(node.args[1], claims)
    case '?:': {
      const [condition, whenTrue, whenFalse] = node.args
      return (namesTenant(condition, claims) || namesTenant(whenTrue, claims)) && namesTenant(whenFalse, claims)
    }
    case '==':
      return equalsTenant(node.args[0], node.args[1], claims) || equalsTenant(node.args[1], node.args[0], claims)
    case 'in': {
      const [left, right] = node.args
      return right.op === 'list' && right.args.every((one) => equalsTenant(left, one, claims))
    }
    case 'rcall':
      return touchesTenant(node, claims)
    default:
      return false
  }
}

function equalsTenant(left: ASTNode, right: ASTNode, claims: readonly TenantClaim[]): boolean {
  const claim = tenantClaim(left, claims)
  const value = literal(right)
  return claim !== null && value !== null && value !== '' && (claim.whole ?? /^/).test(value)
}

function touchesTenant({ args }: ASTNode & { op: 'rcall' }, claims: readonly TenantClaim[]): boolean {
  const [name, receiver, [argument]] = args
  const claim = tenantClaim(receiver, claims)
  const value = argument === undefined ? null : literal(argument)
  if (claim === null || value === null) return false
  if (name === 'startsWith') return claim.start?.test(value) ?? false
  return name === 'endsWith' && (claim.end?.test(value) ?? false)
}

function tenantClaim(node: ASTNode, claims: readonly TenantClaim[]): TenantClaim | null {
  const path = claimPath(node)
  if (path === null) return null
  return (
    claims.find((claim) => claim.path.length === path.length && claim.path.every((name, i) => name === path[i])) ?? null
  )
}

/** The member names of a claim, `claims.a["b"]`; `subject` is the claim `sub`. Null for everything else. */
function claimPath(node: ASTNode): readonly string[] | null {
  if (node.op === 'id') return node.args === 'subject' ? ['sub'] : node.args === 'claims' ? [] : null
  if (node.op !== '.' && node.op !== '[]') return null
  const holder = claimPath(node.args[0])
  const name = typeof node.args[1] === 'string' ? node.args[1] : literal(node.args[1])
  return holder === null || name === null ? null : [...holder, name]
}

/** A text or a whole number that is written in the condition, as text. */
function literal({ op, args }: ASTNode): string | null {
  return op === 'value' && (typeof args === 'string' || typeof args === 'bigint') ? String(args) : null
}

/**
 * What in a condition can never match a token whose claims are those of the table: a claim that no such token has, and
 * a comparison with a value of another type.
 */
export function neverMatches(node: unknown, table: ClaimTable): ConditionProblem[] {
  if (Array.isArray(node)) return node.flatMap((part) => neverMatches(part, table))
  if (!isNode(node)) return []
  const name = claimPath(node)?.at(0)
  if (name !== undefined) return unknownClaim(name, node, table)
  const wrong = node.op === '==' || node.op === '!=' || node.op === 'in' ? wrongType(node.args, node.op, table) : null
  return [...(wrong === null ? [] : [wrong]), ...neverMatches(node.args, table)]
}

function unknownClaim(name: string, { start }: ASTNode, table: ClaimTable): ConditionProblem[] {
  const problem = lacksClaim(name, table)
  return problem === null ? [] : [{ problem, offset: start }]
}

/** That tokens whose claims are those of the table never have the claim: `has no claim "…"`; null when they may. */
export function lacksClaim(name: string, { types, open }: ClaimTable): string | null {
  if (types.has(name) || name === 'aud' || open.some((prefix) => name.startsWith(prefix))) return null
  return `has no claim ${quoted(name, 80)}${didYouMean(name, types.keys())}`
}

function wrongType([left, right]: [ASTNode, ASTNode], op: string, { types }: ClaimTable): ConditionProblem | null {
  for (const [claim, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const path = claimPath(claim)
    const type = path?.length === 1 ? types.get(path[0] ?? '') : undefined
    if (type === undefined || (op === 'in' && claim === right)) continue
    const values = op === 'in' ? (other.op === 'list' ? other.args : []) : [other]
    const wrong = values.find((value) => value.op === 'value' && literalType(value.args) !== type)
    if (wrong === undefined) continue
    return {
      problem: `has a ${WORDS[type]} as ${quoted(path?.[0] ?? '', 80)}, which never equals this`,
      offset: wrong.start,
    }
  }
  return null
}

const WORDS: Readonly<Record<ClaimType, string>> = {
  text: 'text',
  number: 'number',
  boolean: 'boolean',
  list: 'list',
  map: 'mapping',
}

function literalType(value: unknown): ClaimType | null {
  if (typeof value === 'string') return 'text'
  if (typeof value === 'boolean') return 'boolean'
  return typeof value === 'bigint' || typeof value === 'number' ? 'number' : null
}
