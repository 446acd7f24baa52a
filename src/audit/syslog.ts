import { hostname } from 'node:os'

/** RFC 5424 table 1: security/authorization messages, `authpriv`. */
const FACILITY = 10
/** RFC 5424 table 2. */
const ERROR = 3
const WARNING = 4
const INFORMATIONAL = 6

const NIL = '-'

/** The record as a syslog message (RFC 5424): its line of JSON is the text. */
export function syslogMessage(line: string, record: object): string {
  const priority = FACILITY * 8 + severityOf(record)
  const { event } = record as { event?: unknown }
  const head = [`<${priority}>1`, new Date().toISOString(), HOST, 'dockgate', process.pid, String(event ?? NIL), NIL]
  return `${head.join(' ')} ${line.slice(0, -1)}`
}

/** Octet counting (RFC 6587 section 3.4.1, RFC 5425 section 4.3): for streams. */
export function counted(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`
}

/** HOSTNAME is at most 255 printable characters (RFC 5424 section 6.2.4). */
const HOST =
  hostname()
    .replace(/[^\x21-\x7e]/g, '')
    .slice(0, 255) || NIL

function severityOf({ decision, result }: { decision?: unknown; result?: unknown }): number {
  if (decision === 'error') return ERROR
  return decision === 'deny' || result === 'failed' ? WARNING : INFORMATIONAL
}
