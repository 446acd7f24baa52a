import type { Findings } from '../config/findings.ts'
import type { OperationId } from '../engine/operations.ts'
import { expandAllow } from './allow.ts'
import type { Role } from './types.ts'
import { waysToRoot } from './unbounded.ts'

/** Compiles a role. An item of `allow` that can never match is a problem: it is a slip, or a false sense of what is given. */
export function compileRole(name: string, allow: readonly string[], findings: Findings): Role {
  const operations = new Set<OperationId>()
  const elevated = new Set<OperationId>()
  for (const [index, item] of allow.entries()) {
    const allowed = expandAllow(item)
    if ('problem' in allowed) {
      findings.problem(['roles', name, 'allow', index], allowed.problem)
      continue
    }
    for (const id of allowed.operations) operations.add(id)
    for (const id of allowed.elevated) elevated.add(id)
  }
  return { name, allow, operations, elevated, unbounded: waysToRoot({ operations, elevated }).length > 0 }
}
