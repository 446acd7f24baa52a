import type { AdminPage } from '../config/admin-schema.ts'
import type { Inside } from '../gate/start.ts'
import type { Metrics } from './metrics.ts'
import type { Readiness } from './readiness.ts'
import { endSession, listSessions } from './sessions.ts'

/** What the admin room answers: text as it is, anything else as JSON. */
export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A request that was understood. */
export interface Asked {
  readonly page: AdminPage | 'health'
  /** Of `end-sessions`: the id of the record of the session. */
  readonly session: string | null
}

/** What the pages are made from. */
export interface Sources {
  readonly inside: () => Inside
  readonly readiness: () => Promise<Readiness>
  readonly metrics: Metrics
}

const SESSION = '/sessions/'

const PAGES: ReadonlyMap<string, Asked['page']> = new Map<string, Asked['page']>([
  ['/healthz', 'health'],
  ['/readyz', 'ready'],
  ['/metrics', 'metrics'],
  ['/sessions', 'sessions'],
  ['/refusals', 'refusals'],
  ['/policy', 'policy'],
])

/** Understands a request, or answers that it is none. `target` is the path as the client sent it. */
export function readAsked(method: string, target: string): Asked | AdminAnswer {
  if (target.startsWith(SESSION)) {
    if (method !== 'DELETE') return notAllowed('DELETE')
    return { page: 'end-sessions', session: target.slice(SESSION.length) }
  }
  const page = PAGES.get(target)
  if (page === undefined) {
    return { status: 404, body: { message: `nothing is here; there are ${[...PAGES.keys()].join(', ')}` } }
  }
  return method === 'GET' ? { page, session: null } : notAllowed('GET')
}

/** Does what is asked for. */
export async function answer({ page, session }: Asked, { inside, readiness, metrics }: Sources): Promise<AdminAnswer> {
  switch (page) {
    case 'health':
      return { status: 200, body: 'ok\n' }
    case 'ready': {
      const found = await readiness()
      return { status: found.ready ? 200 : 503, body: found }
    }
    case 'metrics':
      return { status: 200, body: await metrics.text(), headers: { 'Content-Type': metrics.contentType } }
    case 'sessions':
      return { status: 200, body: { sessions: listSessions(inside().gate.sessions) } }
    case 'refusals':
      return { status: 200, body: { refusals: inside().gate.counters.refusals() } }
    case 'policy':
      return { status: 200, body: policyOf(inside()) }
    case 'end-sessions':
      return end(inside(), session ?? '')
  }
}

function policyOf({ loaded: { file, sha256 }, gate: { generation } }: Inside) {
  return { generation, file, sha256 }
}

function end({ gate }: Inside, id: string): AdminAnswer {
  if (endSession(gate.sessions, id)) return { status: 200, body: { ended: id } }
  return { status: 404, body: { message: 'no session has this id; it may be over' } }
}

function notAllowed(allow: string): AdminAnswer {
  // RFC 9110 section 15.5.6.
  return { status: 405, body: { message: `wants ${allow}` }, headers: { Allow: allow } }
}
