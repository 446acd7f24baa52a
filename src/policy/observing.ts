import { createFindings } from '../config/findings.ts'
import { compileRole } from './role.ts'
import type { Decision, Role } from './types.ts'

/*
 * A role with `observe: true`. It refuses nothing that the widest role there is would let through; what it would refuse
 * itself is written down. So what no role can allow (a field that an engine may read as another one, the gate's own
 * labels, a name in two readings) stays refused, and what is sent is what was judged for that widest role.
 */

const WIDEST = compileRole('admin', { extends: 'admin' }, createFindings())

/** The role by which a request under an observing role is judged before it is sent. */
export function enforcedOf({ name }: Role): Role {
  return { ...WIDEST, name }
}

/** Whether the decision is a refusal that is written down and no more. Who asks has that role, by a binding. */
export function isOnlyObserved({ reason, role }: Decision): boolean {
  return role?.observe === true && reason === 'operation-not-allowed'
}
