import { printable } from '../text.ts'
import { recordId } from './exchange.ts'
import type { ReapRecord } from './record-schema.ts'

const TEXT_LENGTH = 256

/** What a record tells of a removal. */
export interface Reaped extends Pick<ReapRecord, 'owner' | 'object' | 'reason'> {
  /** Null: it was removed. */
  readonly why: string | null
}

export function makeReapRecord({ owner, object, reason, why }: Reaped): ReapRecord {
  const { kind, name, id } = object
  return {
    event: 'reap',
    id: recordId(),
    owner: printable(owner, TEXT_LENGTH),
    object: { kind, name: printable(name, TEXT_LENGTH), id: printable(id, TEXT_LENGTH) },
    reason,
    result: why === null ? 'removed' : 'failed',
    ...(why === null ? {} : { why: printable(why, TEXT_LENGTH) }),
  }
}
