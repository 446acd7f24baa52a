import { readFileSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { encodeComponent } from '../engine/target.ts'
import type { Engine } from '../forward/engine.ts'
import { engineFailure } from '../forward/errors.ts'
import type { Principal } from '../identity/principal.ts'
import { parseJson } from '../inspect/json/parse.ts'
import type { JsonValue } from '../inspect/json/value.ts'
import type { Surroundings } from '../inspect/surroundings.ts'
import { resolveOnHost } from '../policy/profile/paths.ts'
import type { Role } from '../policy/types.ts'
import { readWhole } from '../read-whole.ts'
import { Refusal } from '../refusal.ts'

/** The engine answers this from memory. */
const INSPECT_MS = 30_000
/** Execs are started right after they are made; one that has fallen out is inspected. */
const MOST_EXECS = 8192
/** No exec is longer. */
const INSPECT_BYTES = 1024 * 1024

/** For whom the making of an exec was judged. */
interface Judged {
  readonly role: Role
  readonly principal: Principal
}

export interface GateSurroundings extends Surroundings {
  /** The engine has made an exec of which the making was judged for this principal under this role. */
  noteExec(id: string, principal: Principal, role: Role): void
}

/** What the gate knows, and asks of the engine and the host, to judge a request. */
export function createSurroundings(engine: Engine): GateSurroundings {
  const execs = new LRUCache<string, Judged>({ max: MOST_EXECS })
  return {
    resolveOnHost: hostPathResolver(),
    inspectExec: (id) => inspectExec(engine, id),
    noteExec: (id, principal, role) => void execs.set(id, { role, principal }),
    withoutReturned: (_operation, body) => body,
    execWasJudged(id, principal, role) {
      const judged = execs.get(id)
      return judged !== undefined && judged.role === role && isSame(judged.principal, principal)
    },
  }
}

/** How symbolic links of the host are followed; null where this process does not see the host's files. */
export function hostPathResolver(): Surroundings['resolveOnHost'] {
  return seesHost() ? resolveOnHost : null
}

/** The same proof, which the patterns of a role may speak of: a token is read once, a certificate once a connection. */
function isSame(one: Principal, other: Principal): boolean {
  return (
    one.issuer === other.issuer &&
    one.subject === other.subject &&
    one.claims === other.claims &&
    one.certificate?.fingerprint === other.certificate?.fingerprint
  )
}

async function inspectExec(engine: Engine, id: string): Promise<JsonValue | null> {
  const { statusCode, body } = await engine.pool
    .request({
      method: 'GET',
      path: `/exec/${encodeComponent(id)}/json`,
      headers: ['Host', 'docker'],
      headersTimeout: INSPECT_MS,
      bodyTimeout: INSPECT_MS,
    })
    .catch((error: unknown) => {
      throw engineFailure(error)
    })
  if (statusCode === 404) {
    await body.dump()
    return null
  }
  try {
    const told = await readWhole(body, INSPECT_BYTES)
    if (statusCode === 200 && told !== null) return parseJson(told)
  } catch (cause) {
    throw untold(cause)
  }
  throw untold()
}

function untold(cause?: unknown): Refusal {
  return new Refusal('engine-broken', 'the Docker Engine does not tell what that exec would run', { cause })
}

/** In a container the root is an overlay: paths there are not the host's, and links cannot be followed. */
function seesHost(): boolean {
  try {
    return !/^\S+ \S+ \S+ \S+ \/ .* - overlay /m.test(readFileSync('/proc/self/mountinfo', 'utf8'))
  } catch {
    return false
  }
}
