import type { AdminPage } from '../config/admin-schema.ts'
import type { Principal } from '../identity/principal.ts'
import type { ReasonCode } from '../reasons.ts'
import { printable } from '../text.ts'
import { recordId } from './exchange.ts'
import type { AdminRecord } from './record-schema.ts'

const TEXT_LENGTH = 256

/** What a record tells of such a request. */
export interface Administered
  extends Omit<AdminRecord, 'event' | 'id' | 'principal' | 'page' | 'session' | 'decision' | 'reason'> {
  readonly principal: Principal | null
  readonly page: AdminPage | null
  readonly reason: ReasonCode
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
