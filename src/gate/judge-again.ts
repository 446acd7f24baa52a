import type { Exchange } from '../audit/exchange.ts'
import type { Authenticator } from '../identity/authenticate.ts'
import { authorise } from '../policy/authorise.ts'
import { isOnlyObserved } from '../policy/observing.ts'
import type { Decision, Policy } from '../policy/types.ts'
import { quoted } from '../text.ts'
import type { Ending } from './sessions.ts'

/** What a configuration says of what was let in under the one before. */
interface Newer {
  readonly generation: number
  readonly authenticator: Pick<Authenticator, 'stillProves'>
  readonly policy: Policy
}

const NAME_LENGTH = 80

/**
 * Judges what was let in under an older configuration by a newer one: who asked must still be proved, and still get a role
 * that allows the operation. What it asked for in detail is not looked into again. An exchange that may go on has the
 * newer role from here on.
 *
 * @returns why it must end, or null
 */
export function judgeAgain({ generation, authenticator, policy }: Newer, exchange: Exchange): Ending | null {
  const { principal, operation } = exchange
  if (principal === null || operation === null) return null
  exchange.generation = generation
  if (!authenticator.stillProves(principal)) {
    return changed(`issuer ${quoted(principal.issuer, NAME_LENGTH)} no longer proves who asked`)
  }
  const { remoteAddress = '' } = exchange.connection as { remoteAddress?: string }
  const decision = authorise(policy, principal, operation, {
    address: remoteAddress,
    listener: exchange.listener,
    operation: operation.spec.id,
    time: Date.now(),
  })
  if (!decision.allow && !isOnlyObserved(decision)) return changed(decision.message)
  // What it asks for was never allowed, and nobody looks at it again.
  if (exchange.observed !== null && !decision.role?.observe) return changed('the role no longer only observes')
  if (!isAboutOwn(decision, exchange)) return changed('the role is for other objects now')
  exchange.role = decision.role
  exchange.owner = decision.owner
  return null
}

/** A role for own objects covers what was begun under such a role, by the same owner. */
function isAboutOwn({ role, owner }: Decision, exchange: Exchange): boolean {
  if (role === null || role.objects === null) return true
  const before = exchange.role?.objects ?? null
  return before !== null && before.names === role.objects.names && exchange.owner === owner
}

function changed(text: string): Ending {
  return { reason: 'policy-changed', text: `the configuration was changed: ${text}` }
}
