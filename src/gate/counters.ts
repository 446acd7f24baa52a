import type { Exchange } from '../audit/exchange.ts'
import type { AuditRecord } from '../audit/record-schema.ts'
import type { ReasonCode } from '../reasons.ts'
import type { Sessions } from './sessions.ts'
import { createTimes, type Times } from './times.ts'

type Decision = AuditRecord['decision']
/** An intent is counted as what it comes to. */
type Event = Exclude<AuditRecord['event'], 'intent'>

const DECISION_PLACES = { allow: 0, deny: 1, error: 2, observe: 3 } as const satisfies Record<Decision, number>
export const DECISIONS = Object.keys(DECISION_PLACES) as readonly Decision[]
const EVENT_PLACES = { request: 0, session: 1 } as const satisfies Record<Event, number>
export const EVENTS = Object.keys(EVENT_PLACES) as readonly Event[]

/** Of an operation, and an access class, that no request was recognised as. */
export const UNRECOGNISED = 'unrecognised'

/** Seconds. The gate's own time is mostly below a millisecond; an engine may take minutes to begin its answer. */
const GATE_BOUNDS = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5]
const ENGINE_BOUNDS = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]

/** Refusals that are kept to be shown. */
const KEPT_REFUSALS = 100

/** A record of something that was not allowed, and when it was made. */
export interface Refused {
  /** RFC 3339. */
  readonly time: string
  readonly record: AuditRecord
}

/** What happened since the start, in numbers: over all listeners, configurations and roles. */
export interface Counters {
  /** Counts a record that is made of an exchange. */
  note(exchange: Exchange, record: AuditRecord): void
  noteReload(ok: boolean): void
  /** Counts a request to the admin listener, by the page that it asked for. */
  noteAdmin(page: string, decision: AdminDecision): void
  admin(page: string, decision: AdminDecision): number
  /** How many records of requests have this decision, by the operation's id, its access class, the role, the listener. */
  requests(by: Grouping, name: string, decision: Decision): number
  /** The operations that were asked for. */
  operations(): Iterable<string>
  /** How many records give this reason. */
  reasons(event: Event, reason: ReasonCode): number
  /** Bytes of bodies and streams towards the engine and back, those of what is under way included. */
  bytes(): { readonly in: number; readonly out: number }
  readonly reloads: Reloads
  /** The last ones, the newest first. */
  refusals(): readonly Refused[]
  /** Seconds, by access class: from the request's head until it went to the engine or was answered by the gate. */
  readonly gateTime: Times
  /** Seconds, by access class: from then until the head of the engine's answer. */
  readonly engineTime: Times
}

/** What was made of changes of the configuration. */
interface Reloads {
  readonly ok: number
  readonly failed: number
  /** Of the last one; true before the first. */
  readonly lastOk: boolean
  /** Milliseconds since the epoch: when the configuration that is in force came into force. */
  readonly at: number
}

type AdminDecision = Exclude<Decision, 'error'>

export type Grouping = 'operation' | 'access' | 'role' | 'listener'

/**
 * Counts for one running gate. What is counted for each request are numbers in arrays that are there already; names come from
 * the operation table and the configuration, never from a client.
 */
export function createCounters(sessions: Pick<Sessions, 'list'>): Counters {
  const tallies: Record<Grouping, Map<string, number[]>> = {
    operation: new Map(),
    access: new Map(),
    role: new Map(),
    listener: new Map(),
  }
  const reasons = new Map<string, number[]>()
  const pages = new Map<string, number[]>()
  const bytes = { in: 0, out: 0 }
  const reloads = { ok: 0, failed: 0, lastOk: true, at: Date.now() }
  const refusals: { readonly at: number; readonly record: AuditRecord }[] = []
  let nextRefusal = 0
  const gateTime = createTimes({
    name: 'dockgate_gate_duration_seconds',
    help: "the gate's own time: from a request's head until it goes to the engine or is answered by the gate",
    bounds: GATE_BOUNDS,
  })
  const engineTime = createTimes({
    name: 'dockgate_engine_duration_seconds',
    help: "the engine's time: from the request's going there until the head of its answer",
    bounds: ENGINE_BOUNDS,
  })

  /** What is under way is counted again and again: each time what came since. */
  function countBytes(exchange: Exchange): void {
    const carried = exchange.carried?.()
    const bytesIn = exchange.bytesIn + (carried?.bytesIn ?? 0)
    const bytesOut = exchange.bytesOut + (carried?.bytesOut ?? 0)
    bytes.in += bytesIn - exchange.countedIn
    bytes.out += bytesOut - exchange.countedOut
    exchange.countedIn = bytesIn
    exchange.countedOut = bytesOut
  }

  function keepRefusal(record: AuditRecord): void {
    refusals[nextRefusal] = { at: Date.now(), record }
    nextRefusal = (nextRefusal + 1) % KEPT_REFUSALS
  }

  return {
    note(exchange, record) {
      const { event, decision, reason } = record
      if (event === 'intent') return
      add(reasons, reason, EVENT_PLACES[event])
      countBytes(exchange)
      if (event !== 'request') return
      const place = DECISION_PLACES[decision]
      const access = exchange.operation?.access ?? UNRECOGNISED
      add(tallies.operation, record.operation ?? UNRECOGNISED, place)
      add(tallies.access, access, place)
      add(tallies.listener, record.listener, place)
      if (record.role !== null) add(tallies.role, record.role, place)
      const { startedAt, sentAt, answeredAt } = exchange
      gateTime.count(access, ((sentAt || performance.now()) - startedAt) / 1000)
      if (answeredAt !== 0) engineTime.count(access, (answeredAt - sentAt) / 1000)
      if (decision === 'deny') keepRefusal(record)
    },
    noteReload(ok) {
      reloads.lastOk = ok
      reloads[ok ? 'ok' : 'failed'] += 1
      if (ok) reloads.at = Date.now()
    },
    noteAdmin: (page, decision) => add(pages, page, DECISION_PLACES[decision]),
    admin: (page, decision) => pages.get(page)?.[DECISION_PLACES[decision]] ?? 0,
    requests: (by, name, decision) => tallies[by].get(name)?.[DECISION_PLACES[decision]] ?? 0,
    operations: () => tallies.operation.keys(),
    reasons: (event, reason) => reasons.get(reason)?.[EVENT_PLACES[event]] ?? 0,
    bytes() {
      for (const exchange of sessions.list()) countBytes(exchange)
      return { ...bytes }
    },
    reloads,
    refusals: () =>
      [...refusals.slice(nextRefusal), ...refusals.slice(0, nextRefusal)]
        .reverse()
        .map(({ at, record }) => ({ time: new Date(at).toISOString(), record })),
    gateTime,
    engineTime,
  }
}

const WIDTH = Math.max(DECISIONS.length, EVENTS.length)

function add(tally: Map<string, number[]>, name: string, place: number): void {
  const counts = tally.get(name)
  if (counts !== undefined) counts[place] = (counts[place] ?? 0) + 1
  else
    tally.set(
      name,
      Array.from({ length: WIDTH }, (_, index) => (index === place ? 1 : 0)),
    )
}
