import { z } from 'zod'
import { OPERATION_BY_ID, type OperationId } from '../engine/operations.ts'
import type { Facts } from '../inspect/facts/facts.ts'

/*
 * A line of records as it is read back. Whoever could make requests has chosen what stands in it: nothing is taken that
 * has another shape.
 */

const text = z.string().max(1024)
const texts = z.array(text).max(1024).optional()
const most = z.union([z.number().nonnegative(), z.literal('unlimited')])
const yes = z.literal(true).optional()

const limits = z
  .object({
    memory: most.optional(),
    memorySwap: most.optional(),
    cpus: most.optional(),
    pids: most.optional(),
    shmSize: most.optional(),
    stopTimeout: most.optional(),
    ulimits: z.record(z.string().regex(/^[a-z]{1,16}$/), most).optional(),
  })
  .optional()

const mount = z.object({
  type: text,
  source: text.optional(),
  target: text,
  readOnly: z.boolean(),
  propagation: text.optional(),
  size: z.number().positive().optional(),
  options: texts,
})

const asked = z.object({
  images: texts,
  imageById: yes,
  mounts: z.array(mount).max(1024).optional(),
  volumes: texts,
  networks: texts,
  capabilities: texts,
  devices: z
    .array(z.object({ path: text, permissions: text }))
    .max(1024)
    .optional(),
  gpus: z.object({ count: most.optional(), devices: texts, drivers: texts }).optional(),
  hostNamespaces: texts,
  privileged: yes,
  runtimes: texts,
  securityOptions: texts,
  sysctls: texts,
  ports: texts,
  user: text.optional(),
  groups: texts,
  logDrivers: texts,
  logOptions: yes,
  restart: texts,
  limits,
  labels: z.number().optional(),
  autoRemove: yes,
  hostFields: texts,
  unknownFields: texts,
  exec: z.object({ user: text.optional(), privileged: yes, command: text.optional(), environment: texts }).optional(),
  attachInput: yes,
  build: z
    .object({
      buildkit: yes,
      networks: texts,
      remotes: texts,
      arguments: texts,
      cacheFrom: texts,
      outputs: texts,
      entitlements: texts,
      limits,
    })
    .optional(),
  tags: texts,
  pull: texts,
  push: texts,
  credentials: yes,
  transfer: texts,
  archive: z.object({ get: texts, put: texts }).optional(),
  cut: yes,
})

const record = z.object({
  v: z.literal(1),
  event: z.string(),
  principal: z.object({ issuer: z.string(), subject: z.string() }).nullable().optional(),
  operation: z.string().nullable().optional(),
  decision: z.enum(['allow', 'deny', 'error', 'observe']).optional(),
  asked: asked.optional(),
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
