import { ACCESS_CLASSES, type AccessClass } from '../engine/access.ts'
import { OPERATIONS } from '../engine/operations.ts'
import type { Policy, Role } from './types.ts'

/** What one binding comes to: who may do what, on what. */
export interface AccessDescription {
  readonly issuer: string
  /** The condition as written; null: everybody of the issuer. */
  readonly when: string | null
  readonly role: string
  /** Access classes with how many of their operations the role allows, of those that there are. */
  readonly may: readonly { readonly access: AccessClass; readonly allowed: number; readonly of: number }[]
  /** Whose objects it acts on. */
  readonly objects: 'all' | 'own' | 'prefixed'
  /** The template that says who the owner is, where that decides. */
  readonly owner: string | null
  readonly unbounded: boolean
}

const CARRIED = OPERATIONS.filter(({ carried }) => carried)

/** Describes every binding of a policy, in the order in which they are tried. */
export function describeAccess({ bindings }: Policy): AccessDescription[] {
  return bindings.map(({ role, issuer, when, owner }) => ({
    issuer,
    when: when?.text ?? null,
    role: role.name,
    may: classesOf(role),
    objects: objectsOf(role),
    owner: role.objects === null ? null : (owner?.text ?? null),
    unbounded: role.unbounded,
  }))
}

/** Whose objects a role acts on. */
function objectsOf({ objects }: Role): AccessDescription['objects'] {
  if (objects === null) return 'all'
  return objects.names === 'prefixed' ? 'prefixed' : 'own'
}

function classesOf({ operations }: Role): AccessDescription['may'] {
  return (Object.keys(ACCESS_CLASSES) as AccessClass[]).flatMap((access) => {
    const all = CARRIED.filter((spec) => spec.access === access)
    const allowed = all.filter(({ id }) => operations.has(id)).length
    return allowed === 0 ? [] : [{ access, allowed, of: all.length }]
  })
}
