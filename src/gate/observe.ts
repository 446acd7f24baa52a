import type { Exchange } from '../audit/exchange.ts'
import { type Asked, type BodySource, type CheckedRequest, inspect } from '../inspect/inspect.ts'
import { NotAllowed } from '../inspect/not-allowed.ts'
import { enforcedOf } from '../policy/observing.ts'
import type { Role } from '../policy/types.ts'
import { Refusal } from '../refusal.ts'

interface Observed extends Asked {
  readonly role: Role
}

/**
 * Inspects a request under an observing role: by the widest role, which may refuse, and then by the role itself, which
 * may not. The exchange gets what the role would have refused.
 *
 * @throws Refusal (as a rejection) as `inspect`, for what no role can allow
 */
export async function inspectObserving(asked: Observed, exchange: Exchange): Promise<CheckedRequest> {
  const source = readOnce(asked.source)
  const checked = await inspect({ ...asked, source, role: enforcedOf(asked.role) })
  const refusal = await refusalOf({ ...asked, source, noteFacts: () => {} })
  if (refusal !== null) {
    exchange.observed ??= refusal.reason
    if (refusal instanceof NotAllowed) exchange.findings = refusal.findings
  }
  return checked
}

async function refusalOf(asked: Asked): Promise<Refusal | null> {
  try {
    await inspect(asked)
    return null
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** Both judgements see the same bytes, which come once. */
function readOnce(source: BodySource): BodySource {
  let read: Promise<Buffer> | null = null
  return {
    read(limit) {
      read ??= source.read(limit)
      return read
    },
  }
}
