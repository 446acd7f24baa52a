import type { ASTNode } from '@marcbachmann/cel-js'
import type { Condition } from './condition.ts'
import { isNode } from './condition-rules.ts'

/**
 * Whether every principal and request for which the first condition holds is one for which the second holds: each part
 * that the second joins by `&&` is one of the first's. Null holds for everybody. False is "not known": no other reasoning
 * is tried.
 */
export function implies(first: Condition | null, second: Condition | null): boolean {
  if (second === null) return true
  if (first === null) return false
  const parts = partsOf(first)
  return [...partsOf(second)].every((part) => parts.has(part))
}

/** A text that is the same for conditions that differ in spaces, in the order of their parts, and in nothing else. */
export function conditionKey(condition: Condition | null): string {
  return condition === null ? '' : [...partsOf(condition)].sort().join(' && ')
}

function partsOf({ ast }: Condition): ReadonlySet<string> {
  return new Set(conjuncts(ast).map((node) => shapeOf(node)))
}

function conjuncts(node: ASTNode): ASTNode[] {
  return node.op === '&&' ? (node.args as readonly ASTNode[]).flatMap(conjuncts) : [node]
}

/** The tree without the places of its nodes in the text. */
function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shapeOf).join()}]`
  if (isNode(value)) return `(${value.op} ${shapeOf(value.args)})`
  return typeof value === 'bigint' ? `${value}n` : `${typeof value}:${JSON.stringify(value)}`
}
