import type { ListField, MapField, ObjectField } from '../engine/fields/types.ts'
import { quoted } from '../text.ts'

/** An object, map or list of the body that is being read; paths are written only when there is something to tell. */
export interface Place {
  readonly field: ObjectField | MapField | ListField
  readonly around: Place | null
  /** Its own name, key or number in what is around it. */
  readonly step: Step
}

export type Step = string | number

const NAME_SHOWN = 64

/** The path of the whole. */
const BODY = '(body)'

/** The names that engines have. */
export const PLAIN_NAME = /^[A-Za-z][A-Za-z0-9]{0,63}$/

/**
 * Where the step leads to, fit to be shown: `HostConfig.Mounts[0].Source`, `Labels["a b"]`; `(body)` for the whole.
 */
export function pathOf(inside: Place | null, step: Step): string {
  if (inside === null) return BODY
  const prefix = inside.around === null ? '' : pathOf(inside.around, inside.step)
  if (typeof step === 'number') return `${prefix}[${step}]`
  if (inside.field.type === 'map' || !PLAIN_NAME.test(step)) return `${prefix}[${quoted(step, NAME_SHOWN)}]`
  return prefix === '' ? step : `${prefix}.${step}`
}

/** The names of the path alone: `HostConfig.Mounts.Source`. */
export function nameOf(inside: Place | null, step: Step): string {
  if (inside === null) return BODY
  const prefix = inside.around === null ? '' : nameOf(inside.around, inside.step)
  if (inside.field.type !== 'object') return prefix === '' ? BODY : prefix
  return prefix === '' ? String(step) : `${prefix}.${step}`
}
