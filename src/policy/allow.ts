import { ACCESS_CLASSES, type AccessClass } from '../engine/access.ts'
import { OPERATION_BY_ID, OPERATIONS, type OperationId } from '../engine/operations.ts'
import type { Operation, OperationSpec } from '../engine/types.ts'
import { matchesGlob } from '../glob.ts'
import { didYouMean } from '../nearest.ts'
import { quoted } from '../text.ts'
import { GROUPS, type GroupName } from './groups.ts'

/** What one item of `allow` gives. */
export interface Allowed {
  readonly operations: readonly OperationId[]
  /** Operations that it gives in their elevated form too (`OperationSpec.elevated`). */
  readonly elevated: readonly OperationId[]
}

/** What the gate can carry at all. The rest is refused whatever a role says, so no rule may name it. */
const CARRIED = OPERATIONS.filter((spec) => spec.carried)
const ELEVATING = CARRIED.filter((spec) => spec.elevated !== undefined)
const WORDS: readonly string[] = [
  ...Object.keys(ACCESS_CLASSES),
  ...Object.keys(GROUPS),
  ...CARRIED.map((spec) => spec.id),
]
const GLOBS: readonly string[] = [...new Set(CARRIED.map((spec) => `${/^[A-Z][a-z]+/.exec(spec.id)?.[0] ?? spec.id}*`))]

/**
 * Reads one item of a role's `allow`: an access class, a group, an operationId, or a glob of operationIds (`*` only).
 * A class gives the operations of that class, and the elevated form of the operations that count as it when elevated;
 * a group gives plain forms only; who names an operation, literally or by a glob, gives both forms.
 *
 * @returns a message for the operator when the item can never match
 */
export function expandAllow(item: string): Allowed | { readonly problem: string } {
  if (Object.hasOwn(ACCESS_CLASSES, item)) return ofClass(item as AccessClass)
  if (Object.hasOwn(GROUPS, item)) return { operations: GROUPS[item as GroupName].operations, elevated: [] }
  const named = CARRIED.filter((spec) => matchesGlob(item, spec.id))
  if (named.length > 0) return { operations: ids(named), elevated: ids(named.filter((spec) => spec.elevated)) }
  if (OPERATION_BY_ID.has(item as OperationId)) {
    return { problem: `${item} needs HTTP/2 on the engine's socket, which dockgate never speaks: remove it` }
  }
  if (item.includes('*')) return { problem: `${quoted(item, 80)} matches no operation${didYouMean(item, GLOBS)}` }
  return { problem: `${quoted(item, 80)} is no access class, group or operation${didYouMean(item, WORDS)}` }
}

/** The first item of a role's `allow` that gives the operation, as it was asked for; null when none does. */
export function itemThatAllows(allow: readonly string[], { spec, elevated }: Operation): string | null {
  const gives = (item: string) => {
    const allowed = expandAllow(item)
    return 'operations' in allowed && (elevated ? allowed.elevated : allowed.operations).includes(spec.id)
  }
  return allow.find(gives) ?? null
}

function ofClass(access: AccessClass): Allowed {
  return {
    operations: ids(CARRIED.filter((spec) => spec.access === access)),
    elevated: ids(ELEVATING.filter((spec) => spec.elevated?.access === access)),
  }
}

function ids(specs: readonly OperationSpec[]): OperationId[] {
  return specs.map((spec) => spec.id)
}
