import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Administered, makeAdminRecord } from '../audit/admin-record.ts'
import type { AdminPage } from '../config/admin-schema.ts'
import { challenge } from '../gate/answer.ts'
import { UNRECOGNISED } from '../gate/counters.ts'
import type { Principal } from '../identity/principal.ts'
import { Refusal } from '../refusal.ts'
import { type AdminAnswer, answer, readAsked, type Sources } from './pages.ts'

/** A way in to the admin room. */
export interface Door {
  /** As records call it. */
  readonly name: 'admin.socket' | 'admin.listener'
  /**
   * Lets a request in that is not for `/healthz`, which answers everybody.
   *
   * @param page null: what is asked for was not understood
   * @param known is told who asks as soon as that is known; nobody, where whoever comes by this door is not asked
   * @throws Refusal (as a rejection)
   */
  admit(request: IncomingMessage, page: AdminPage | null, known: (principal: Principal) => void): Promise<void>
}

/** Answers one request that came by a door. */
export function serve(door: Door, sources: Sources, request: IncomingMessage, response: ServerResponse): void {
  handle(door, sources, request).then(
    (found) => write(response, found),
    (error: unknown) => {
      process.stderr.write(`dockgate: admin: internal error: ${error instanceof Error ? error.stack : error}\n`)
      write(response, { status: 500, body: { message: 'an error of the gate itself, which is in its log' } })
    },
  )
}

/** What changes something leaves a record, and so does what is refused. */
async function handle(door: Door, sources: Sources, request: IncomingMessage): Promise<AdminAnswer> {
  const { method = '', url = '' } = request
  const asked = readAsked(method, url)
  const understood = 'page' in asked ? asked : null
  if (understood?.page === 'health') return answer(understood, sources)
  const page = understood?.page ?? null
  const told = { listener: door.name, remote: remoteOf(door, request), page, session: understood?.session ?? null }
  let principal: Principal | null = null
  const { records, counters } = sources.inside().gate
  const count = (decision: 'allow' | 'deny') => {
    if (door.name === 'admin.listener') counters.noteAdmin(page ?? UNRECOGNISED, decision)
  }
  const record = (outcome: Pick<Administered, 'reason' | 'status'>) => {
    const made = makeAdminRecord({ ...told, principal, ...outcome })
    records.write(made)
    return made.id
  }
  try {
    await door.admit(request, page, (known) => {
      principal = known
    })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { reason, status, message } = error
    count('deny')
    const id = record({ reason, status })
    const headers = status === 401 ? { 'WWW-Authenticate': challenge(error) } : {}
    return { status, headers, body: { message: `${message} (record ${id})` } }
  }
  count('allow')
  if (!('page' in asked)) return asked
  const done = await answer(asked, sources)
  if (page === 'end-sessions') record({ reason: 'allowed', status: done.status })
  return done
}

function remoteOf({ name }: Door, { socket }: IncomingMessage): string {
  if (name === 'admin.socket') return 'unix'
  const { remoteAddress, remotePort } = socket
  return remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`
}

/** One answer a connection: what is left of a body that nobody asked for ends with it. */
function write(response: ServerResponse, { status, body, headers = {} }: AdminAnswer): void {
  const isText = typeof body === 'string'
  response.writeHead(status, {
    'Content-Type': isText ? 'text/plain; charset=utf-8' : 'application/json',
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...headers,
  })
  response.end(isText ? body : `${JSON.stringify(body)}\n`)
}
