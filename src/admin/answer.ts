import type { Inside } from '../gate/start.ts'
import type { Readiness } from './readiness.ts'
import { endSession, listSessions } from './sessions.ts'

/** What the admin socket answers: text as it is, anything else as JSON. */
export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
  /** Methods, for a 405 (RFC 9110 section 15.5.6). */
  readonly allow?: string
}

const SESSION = '/sessions/'

/**
 * Answers one request on the admin socket.
 *
 * @param target the path, as the client sent it
 */
export async function answer(
  method: string,
  target: string,
  inside: () => Inside,
  readiness: () => Promise<Readiness>,
): Promise<AdminAnswer> {
  if (target.startsWith(SESSION)) {
    return method === 'DELETE' ? end(inside(), target.slice(SESSION.length)) : notAllowed('DELETE')
  }
  if (!PAGES.has(target))
    return { status: 404, body: { message: `nothing is here; there are ${[...PAGES].join(', ')}` } }
  if (method !== 'GET') return notAllowed('GET')
  if (target === '/readyz') {
    const found = await readiness()
    return { status: found.ready ? 200 : 503, body: found }
  }
  if (target === '/sessions') return { status: 200, body: { sessions: listSessions(inside().gate.sessions) } }
  if (target === '/policy') return { status: 200, body: policyOf(inside()) }
  return { status: 200, body: 'ok\n' }
}

const PAGES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/sessions', '/policy'])

function policyOf({ loaded: { file, sha256 }, gate: { generation } }: Inside) {
  return { generation, file, sha256 }
}

function end({ gate }: Inside, id: string): AdminAnswer {
  if (endSession(gate.sessions, id)) return { status: 200, body: { ended: id } }
  return { status: 404, body: { message: 'no session has this id; it may be over' } }
}

function notAllowed(allow: string): AdminAnswer {
  return { status: 405, body: { message: `wants ${allow}` }, allow }
}
