import { printable } from '../text.ts'
import { recordId } from './exchange.ts'

const TEXT_LENGTH = 256

/** The record of one object that was removed after its time, or because an operator asked for it. */
export interface ReapRecord {
  readonly event: 'reap'
  readonly id: string
  /** The owner key of the object. */
  readonly owner: string
  readonly object: { readonly kind: string; readonly name: string; readonly id: string }
  readonly reason: 'expired' | 'asked'
  readonly result: 'removed' | 'failed'
  /** Why it is still there, in the engine's words. */
  readonly why?: string
}

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
