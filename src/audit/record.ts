import type { Operation } from '../engine/types.ts'
import type { ReasonCode } from '../reasons.ts'
import { printable } from '../text.ts'
import type { Exchange } from './exchange.ts'
import type { AuditRecord } from './record-schema.ts'

const NAME_LENGTH = 256
const QUERY_LENGTH = 64

/**
 * Makes the record of an exchange. Nothing here may hold a secret: no header value, and of the query only parameters
 * that the operation table marks as recordable.
 */
export function makeRecord(exchange: Exchange, event: AuditRecord['event']): AuditRecord {
  const { operation, principal } = exchange
  const query = operation === null ? null : recordableQuery(operation)
  return {
    event,
    id: exchange.id,
    listener: exchange.listener,
    remote: exchange.remote,
    ...(exchange.trace === null ? {} : { trace: { id: exchange.trace.id, parent: exchange.trace.parent } }),
    principal: principal && {
      issuer: principal.issuer,
      subject: printable(principal.subject, NAME_LENGTH),
      ...(principal.certificate ? { certificate: principal.certificate.fingerprint } : {}),
    },
    operation: operation?.spec.id ?? null,
    ...(operation === null ? { unrecognised: unrecognised(exchange) } : {}),
    apiVersion: operation?.apiVersion ?? null,
    object: operation === null ? null : namedObject(operation),
    ...(query ? { query } : {}),
    generation: exchange.generation,
    decision: decisionOf(exchange),
    role: exchange.role?.name ?? null,
    ...(exchange.owner === null ? {} : { owner: printable(exchange.owner, NAME_LENGTH) }),
    reason: reasonOf(exchange),
    ...(exchange.findings.length > 0 ? { refused: exchange.findings.map(({ field, key }) => ({ field, key })) } : {}),
    ...(exchange.facts === null ? {} : { asked: exchange.facts }),
    status: exchange.status,
    bytesIn: exchange.bytesIn,
    bytesOut: exchange.bytesOut,
    durationMs: Math.round((performance.now() - exchange.startedAt) * 1000) / 1000,
  }
}

function reasonOf({ reason, ended, observed }: Exchange): ReasonCode {
  return ended ?? (reason === 'allowed' ? (observed ?? reason) : reason)
}

function decisionOf({ reason, ended, observed }: Exchange): AuditRecord['decision'] {
  // It was allowed when it was decided, and ended later.
  if (ended !== null || reason === 'allowed' || reason === 'client-gone') return observed === null ? 'allow' : 'observe'
  return reason === 'engine-unreachable' || reason === 'engine-broken' || reason === 'internal' ? 'error' : 'deny'
}

function unrecognised({ method, target }: Exchange): string {
  const end = target.indexOf('?')
  return printable(`${method} ${end < 0 ? target : target.slice(0, end)}`, NAME_LENGTH)
}

/** The object that a request names, as the client named it; null when it names none. */
export function namedObject({ spec, params, query }: Operation): AuditRecord['object'] {
  if (spec.object === null) return null
  const { kind, parameter } = spec.object
  const name = params[parameter] ?? query.find(([key]) => key === parameter)?.[1]
  return name === undefined ? null : { kind, name: printable(name, NAME_LENGTH) }
}

function recordableQuery({ spec, query }: Operation): Record<string, string> | null {
  let kept: Record<string, string> | null = null
  for (const [name, value] of query) {
    if (!spec.query.some((parameter) => parameter.name === name && parameter.recordable)) continue
    kept ??= Object.create(null) as Record<string, string>
    kept[name] = printable(name in kept ? `${kept[name]},${value}` : value, QUERY_LENGTH)
  }
  return kept
}
