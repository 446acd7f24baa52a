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

function partsOf({ ast, text }: Condition): ReadonlySet<string> {
  return new Set(conjuncts(ast).map((node) => shapeOf(node, text)))
}

function conjuncts(node: ASTNode): ASTNode[] {
  return node.op === '&&' ? (node.args as readonly ASTNode[]).flatMap(conjuncts) : [node]
}

/** The tree without the places of its nodes in the text; constants as they are written, since some hide their value. */
function shapeOf(value: unknown, text: string): string {
  if (Array.isArray(value)) return `[${value.map((one) => shapeOf(one, text)).join()}]`
  // What is no node is a name. Anything else is taken to be like nothing but the same condition.
  if (!isNode(value)) return JSON.stringify(typeof value === 'object' && value !== null ? text : String(value))
  return `(${value.op} ${value.op === 'value' ? text.slice(value.start, value.end) : shapeOf(value.args, text)})`
}
