import type { ObjectField } from '../engine/fields/types.ts'
import { nearest } from '../nearest.ts'
import { nameOf, PLAIN_NAME, type Place, pathOf } from './place.ts'

/** A name that the table does not have. */
export interface UnknownName {
  readonly path: string
  /** As of a `FieldValue`. */
  readonly name: string
  /** Whether it stays in the value, so that a role may allow it; never for what an engine may read as another name. */
  readonly kept: boolean
  /** Where the name that was probably meant belongs, when that is elsewhere. */
  readonly belongs: string | null
  /** The name that was probably meant, in this place; null when none is near. */
  readonly nearest: string | null
}

/** Finding the nearest name costs, and a role that allows every name does not allow any number of them. */
export const MOST_UNKNOWN = 16

/** What is known of a name that the table of the object does not have, or has already; `before` are those before it. */
export function unknownName(field: ObjectField, place: Place, written: string, before: number): UnknownName {
  const { fields, elsewhere } = field
  const meant = elsewhere.has(written) ? written : nearest(written, [...fields.keys(), ...elsewhere.keys()])
  const belongs = meant === null ? null : (elsewhere.get(meant) ?? null)
  return {
    path: pathOf(place, written),
    name: nameOf(place, written),
    kept: before < MOST_UNKNOWN && belongs === null && !mayBeKnown(field, written),
    belongs,
    nearest: belongs === null ? meant : null,
  }
}

/**
 * Whether an engine could read the name as one of the table: Go's encoding/json folds case, and U+017F and U+212A to s
 * and k. No engine has names of other characters than letters and digits, so none of those is told apart.
 */
function mayBeKnown({ fields, aliases, ignored, elsewhere }: ObjectField, written: string): boolean {
  if (!PLAIN_NAME.test(written)) return true
  const folded = written.toLowerCase()
  return [fields, aliases, ignored, elsewhere].some((names) =>
    [...names.keys()].some((name) => name.toLowerCase() === folded),
  )
}
