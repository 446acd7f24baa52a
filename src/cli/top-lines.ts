import type { SessionView } from '../admin/sessions.ts'
import type { AuditRecord } from '../audit/record-schema.ts'
import type { Refused } from '../gate/counters.ts'
import { printable } from '../text.ts'
import { table } from './table.ts'

/** What the gate tells, and when it did. */
export interface Seen {
  readonly at: Date
  readonly sessions: readonly SessionView[]
  /** The newest first. */
  readonly refusals: readonly Refused[]
}

/** How much can be shown. */
export interface Room {
  readonly columns: number
  readonly rows: number
}

/** Refusals that are shown; the gate keeps more. */
const MOST_REFUSALS = 15
/** Lines that are there beside the rows of the two tables: what is first, what is empty, and the tables' heads. */
const OTHER_LINES = 6
const TROUBLE_LENGTH = 500

const NOW_HEAD = ['FOR', 'WHO', 'ROLE', 'OPERATION', 'OBJECT', 'IN', 'OUT', 'ID']
const REFUSED_HEAD = ['AGO', 'WHO', 'ROLE', 'WHAT', 'REASON', 'STATUS', 'RECORD']

/**
 * What `dockgate top` shows, within that room; no line holds a control character.
 *
 * @param trouble what is said in front of all; null: nothing
 */
export function topLines(
  { at, sessions, refusals }: Seen,
  { columns, rows }: Room,
  trouble: string | null = null,
): string[] {
  const room = Math.max(2, rows - OTHER_LINES - (trouble === null ? 0 : 1))
  const shown = refusals.slice(0, Math.min(MOST_REFUSALS, Math.floor(room / 2)))
  const fitting = room - shown.length
  const now = sessions.length > fitting ? sessions.slice(0, fitting - 1) : sessions
  const lines = [
    ...(trouble === null ? [] : [printable(trouble, TROUBLE_LENGTH)]),
    `${at.toISOString()}  under way: ${sessions.length}  refused lately: ${refusals.length}`,
    '',
    ...(sessions.length === 0
      ? ['nothing is under way']
      : unindented([NOW_HEAD, ...now.map((one) => sessionCells(one, at))])),
    ...(now.length < sessions.length ? [`and ${sessions.length - now.length} more`] : []),
    '',
    ...(shown.length === 0
      ? ['nothing was refused lately']
      : unindented([REFUSED_HEAD, ...shown.map((one) => refusalCells(one, at))])),
  ]
  return lines.map((line) => (line.length > columns ? `${line.slice(0, Math.max(0, columns - 1))}…` : line))
}

function unindented(rows: readonly (readonly string[])[]): string[] {
  return table(rows).map((line) => line.slice(2))
}

function sessionCells(
  { id, since, principal, role, operation, object, bytesIn, bytesOut }: SessionView,
  at: Date,
): string[] {
  const time = span(at.getTime() - Date.parse(since))
  return [time, who(principal), role ?? '', operation ?? '', what(object), size(bytesIn), size(bytesOut), id]
}

function refusalCells({ time, record }: Refused, at: Date): string[] {
  const { principal, role, operation, unrecognised, object, reason, status, id } = record
  const asked = operation === null ? (unrecognised ?? '') : `${operation} ${what(object)}`.trimEnd()
  return [span(at.getTime() - Date.parse(time)), who(principal), role ?? '', asked, reason, String(status), id]
}

function who(principal: AuditRecord['principal']): string {
  return principal === null ? '' : `${principal.issuer}/${principal.subject}`
}

function what(object: AuditRecord['object']): string {
  return object === null ? '' : `${object.kind} ${object.name}`
}

/** `12s`, `3m`, `2h05m`, `4d`. */
function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours}h${String(minutes % 60).padStart(2, '0')}m` : `${Math.floor(hours / 24)}d`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

function size(bytes: number): string {
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024
  return unit === 0 ? `${value}B` : `${value.toFixed(1)}${UNITS[unit]}`
}
