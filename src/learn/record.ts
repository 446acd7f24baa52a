import { z } from 'zod'
import { askedSchema } from '../audit/asked-schema.ts'
import { RECORD_VERSION } from '../audit/record-version.ts'
import { OPERATION_BY_ID, type OperationId } from '../engine/operations.ts'
import type { Facts } from '../inspect/facts/facts.ts'

/*
 * A line of records as it is read back. Whoever could make requests has chosen what stands in it: nothing is taken that
 * has another shape.
 */

const record = z.object({
  v: z.literal(RECORD_VERSION),
  event: z.string(),
  principal: z.object({ issuer: z.string(), subject: z.string() }).nullable().optional(),
  operation: z.string().nullable().optional(),
  decision: z.enum(['allow', 'deny', 'error', 'observe']).optional(),
  asked: askedSchema.optional(),
})

/** What is learned from: a request that was let through. */
export interface Learned {
  readonly issuer: string
  readonly subject: string
  readonly operation: OperationId
  /** Null: nothing, or, of an older dockgate, not known. */
  readonly asked: Facts | null
}

/** `refused` and `other` are records from which nothing is learned; a problem says why a line is none. */
export type Line = Learned | 'refused' | 'other' | { readonly problem: string }

/** Reads one line of records. */
export function readLine(line: string | null): Line {
  if (line === null) return { problem: 'is too long to be a record' }
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { problem: 'is not JSON' }
  }
  const read = record.safeParse(value)
  if (!read.success) {
    const [issue] = read.error.issues
    return { problem: `is no record of this dockgate: ${issue?.path.join('.') || 'the whole'} is wrong or missing` }
  }
  const { event, decision, principal, operation, asked = null } = read.data
  if (event !== 'request' || decision === 'error') return 'other'
  if (decision === 'deny') return 'refused'
  if (!principal || !operation) return 'other'
  const spec = OPERATION_BY_ID.get(operation as OperationId)
  if (spec === undefined) return { problem: 'names an operation that this dockgate does not know' }
  return { ...principal, operation: spec.id as OperationId, asked: asked as Facts | null }
}
