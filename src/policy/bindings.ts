import type { Principal } from '../identity/principal.ts'
import type { Binding, Policy } from './types.ts'

/** Why a binding gives its role, or does not. */
type BindingOutcome = 'matched' | 'issuer-differs' | 'condition-false' | 'condition-error'

export interface BindingTrial {
  readonly outcome: BindingOutcome
  /** Why the condition could not be evaluated; null unless that is the outcome. */
  readonly error: string | null
}

/** A binding on a principal's way to its role; `not-reached` behind the one that matched. */
export interface BindingStep {
  readonly binding: Binding
  readonly outcome: BindingOutcome | 'not-reached'
  readonly error: string | null
}

const MATCHED: BindingTrial = { outcome: 'matched', error: null }
const ISSUER_DIFFERS: BindingTrial = { outcome: 'issuer-differs', error: null }
const CONDITION_FALSE: BindingTrial = { outcome: 'condition-false', error: null }

/** Holds one binding against a principal. Never throws. */
export function tryBinding({ issuer, when }: Binding, principal: Principal): BindingTrial {
  if (issuer !== principal.issuer) return ISSUER_DIFFERS
  if (when === null) return MATCHED
  const { holds, error } = when.evaluate(principal)
  if (holds) return MATCHED
  return error === null ? CONDITION_FALSE : { outcome: 'condition-error', error }
}

/** Every binding of the policy, in order, and what `authorise` makes of it for this principal. */
export function traceBindings({ bindings }: Policy, principal: Principal): readonly BindingStep[] {
  let matched = false
  return bindings.map((binding) => {
    if (matched) return { binding, outcome: 'not-reached', error: null }
    const trial = tryBinding(binding, principal)
    matched = trial.outcome === 'matched'
    return { binding, ...trial }
  })
}
