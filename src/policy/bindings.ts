import type { Principal } from '../identity/principal.ts'
import type { Binding, Policy, RequestFacts } from './types.ts'

/** Why a binding gives its role, or does not. */
type BindingOutcome = 'matched' | 'issuer-differs' | 'condition-false' | 'condition-error'

export interface BindingTrial {
  readonly outcome: BindingOutcome
  /** Why the condition could not be evaluated; null unless that is the outcome. */
  readonly error: string | null
  /** The error is a claim that is not there: that is how conditions tell tokens apart. */
  readonly claimMissing: boolean
}

/** A binding on a principal's way to its role; `not-reached` behind the one that matched. */
export interface BindingStep {
  readonly binding: Binding
  readonly outcome: BindingOutcome | 'not-reached'
  readonly error: string | null
}

const MATCHED: BindingTrial = { outcome: 'matched', error: null, claimMissing: false }
const ISSUER_DIFFERS: BindingTrial = { outcome: 'issuer-differs', error: null, claimMissing: false }
const CONDITION_FALSE: BindingTrial = { outcome: 'condition-false', error: null, claimMissing: false }

/** Holds one binding against a principal and its request. Never throws. */
export function tryBinding(
  { issuer, when }: Pick<Binding, 'issuer' | 'when'>,
  principal: Principal,
  request: RequestFacts,
): BindingTrial {
  if (issuer !== principal.issuer) return ISSUER_DIFFERS
  if (when === null) return MATCHED
  const { holds, error, claimMissing } = when.evaluate(principal, request)
  if (holds) return MATCHED
  return error === null ? CONDITION_FALSE : { outcome: 'condition-error', error, claimMissing }
}

/** Every binding of the policy, in order, and what `authorise` makes of it for this principal and request. */
export function traceBindings(
  { bindings }: Policy,
  principal: Principal,
  request: RequestFacts,
): readonly BindingStep[] {
  let matched = false
  return bindings.map((binding) => {
    if (matched) return { binding, outcome: 'not-reached', error: null }
    const { outcome, error } = tryBinding(binding, principal, request)
    matched = outcome === 'matched'
    return { binding, outcome, error }
  })
}
