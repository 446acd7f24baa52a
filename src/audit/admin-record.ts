import type { AdminPage } from '../config/admin-schema.ts'
import type { Principal } from '../identity/principal.ts'
import type { ReasonCode } from '../reasons.ts'
import { printable } from '../text.ts'
import { recordId } from './exchange.ts'

const TEXT_LENGTH = 256

/** The record of a request to the admin room that changed something, or was refused. */
export interface AdminRecord {
  readonly event: 'admin'
  readonly id: string
  /** `admin.socket` or `admin.listener`. */
  readonly listener: string
  readonly remote: string
  /** Null on the socket, whose owner is not asked who he is, and before it was known. */
  readonly principal: { readonly issuer: string; readonly subject: string; readonly certificate?: string } | null
  /** What was asked for; null when it was not understood. */
  readonly page: AdminPage | null
  /** Of `end-sessions`: the id of the session that was to end. */
  readonly session?: string
  readonly decision: 'allow' | 'deny'
  readonly reason: ReasonCode
  readonly status: number
}

/** What a record tells of such a request. */
export interface Administered extends Omit<AdminRecord, 'event' | 'id' | 'principal' | 'session' | 'decision'> {
  readonly principal: Principal | null
  readonly session: string | null
}

export function makeAdminRecord({ principal, session, ...told }: Administered): AdminRecord {
  return {
    event: 'admin',
    id: recordId(),
    listener: told.listener,
    remote: told.remote,
    principal: principal && {
      issuer: principal.issuer,
      subject: printable(principal.subject, TEXT_LENGTH),
      ...(principal.certificate ? { certificate: principal.certificate.fingerprint } : {}),
    },
    page: told.page,
    ...(session === null ? {} : { session: printable(session, TEXT_LENGTH) }),
    decision: told.reason === 'allowed' ? 'allow' : 'deny',
    reason: told.reason,
    status: told.status,
  }
}
