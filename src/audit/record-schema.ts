import { z } from 'zod'
import { askedSchema } from './asked-schema.ts'
import { RECORD_VERSION } from './record-version.ts'

/*
 * The shape of a record, in one place: the types of what is written, the published JSON Schema and the page
 * docs/records.md hold to it. A new field is added here and in docs/records.md; one that changes its name or meaning
 * raises RECORD_VERSION, and the schema gets a new file beside the one that is published.
 */

/** Where the schema is published, below the package. */
export const SCHEMA_FILE = 'config/schema/record-v1.json'

const count = z.int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const recordId = z.string().regex(/^[0-9a-hjkmnp-tv-z]{16}$/)

/** What the writer adds to each line. */
const envelope = {
  v: z.literal(RECORD_VERSION).describe('Version of this shape'),
  time: z.iso.datetime({ precision: 3 }).describe('When the line was written, UTC'),
  seq: z.int().min(1).optional().describe('With a chain: the number of the line in it, from 1'),
  prev: sha256
    .optional()
    .describe('With a chain: SHA-256 of the line before, without its line feed; zeros before the first'),
}

const principal = z.strictObject({
  issuer: z.string(),
  subject: z.string(),
  certificate: z.string().optional().describe("SHA-256 fingerprint of the connection's certificate"),
})

const request = z.strictObject({
  event: z
    .enum(['request', 'session', 'intent'])
    .describe('request: answered; session: the end of a hijacked stream; intent: decided, with audit.required'),
  id: recordId.describe('The record id, which the client sees in every refusal'),
  listener: z.string(),
  remote: z.string().describe('Address and port, "unix", or "unknown"'),
  trace: z
    .strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/), parent: z.string().regex(/^[0-9a-f]{16}$/) })
    .optional()
    .describe("The client's W3C traceparent: trace id, and the caller's span"),
  principal: principal.nullable(),
  operation: z.string().nullable().describe('operationId of the Engine API; null when it was not recognised'),
  unrecognised: z.string().optional().describe('Then: method and path, without query'),
  apiVersion: z.string().nullable(),
  object: z.strictObject({ kind: z.string(), name: z.string() }).nullable(),
  query: z.record(z.string(), z.string()).optional().describe('Query parameters that are safe to write down'),
  generation: z.int().min(1).describe('Of the configuration that decided: 1 at the start, one more after each reload'),
  decision: z
    .enum(['allow', 'deny', 'error', 'observe'])
    .describe('observe: the role would have refused it, and only observes'),
  role: z.string().nullable(),
  owner: z.string().optional().describe('The owner key under which it was decided'),
  reason: z.string().describe('A reason code: docs/reasons.md'),
  refused: z
    .array(z.strictObject({ field: z.string(), key: z.string() }))
    .optional()
    .describe('With request-not-allowed: each field that was refused, and the key of the role that would allow it'),
  asked: askedSchema.optional().describe('What the request asks for, as a role would have to list it; never a secret'),
  status: z.int().min(0).max(599).describe('HTTP status of the answer, 0 when there was none'),
  bytesIn: count,
  bytesOut: count,
  durationMs: z.number().min(0),
})

const reap = z.strictObject({
  event: z.literal('reap'),
  id: recordId,
  owner: z.string(),
  object: z.strictObject({ kind: z.string(), name: z.string(), id: z.string() }),
  reason: z.enum(['expired', 'asked']),
  result: z.enum(['removed', 'failed']),
  why: z.string().optional().describe("Why it is still there, in the engine's words"),
})

const admin = z.strictObject({
  event: z.literal('admin'),
  id: recordId,
  listener: z.string().describe('admin.socket or admin.listener'),
  remote: z.string(),
  principal: principal.nullable().describe('Null on the socket, whose owner is not asked, and before it was known'),
  page: z.string().nullable().describe('What was asked for; null when it was not understood'),
  session: z.string().optional().describe('Of end-sessions: the id of the session that was to end'),
  decision: z.enum(['allow', 'deny']),
  reason: z.string().describe('A reason code: docs/reasons.md'),
  status: z.int().min(0).max(599),
})

const checkpoint = z.strictObject({
  event: z.literal('checkpoint'),
  why: z.enum(['start', 'interval', 'close']),
  torn: z
    .strictObject({ bytes: z.int().min(1), sha256 })
    .optional()
    .describe('At a start: the last line was found unfinished; it stands before this one, and is not in the chain'),
  key: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .describe('Which key signed: the first 8 bytes of the SHA-256 of its public half'),
  signature: z.base64url().describe('Ed25519, over the bytes of the line without this field, which is the last'),
})

/** One line. */
export const recordSchema = z.union(
  [request, reap, admin, checkpoint].map((event) => z.strictObject({ ...envelope, ...event.shape })),
)

type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T

/** The fields of one record of a request. Names are stable: dashboards and `grep` read them. */
export type AuditRecord = Immutable<z.output<typeof request>>
/** The record of one object that was removed after its time, or because an operator asked for it. */
export type ReapRecord = Immutable<z.output<typeof reap>>
/** The record of a request to the admin room that changed something, or was refused. */
export type AdminRecord = Immutable<z.output<typeof admin>>
/** Of a chain: what was written so far, signed. The writer adds key and signature. */
export type Checkpoint = Immutable<Omit<z.output<typeof checkpoint>, 'key' | 'signature'>>

/** The published JSON Schema (draft 2020-12), as text. */
export function recordSchemaText(): string {
  const { $schema, ...rest } = z.toJSONSchema(recordSchema)
  const head = { $schema, title: `dockgate record, version ${RECORD_VERSION}` }
  return `${JSON.stringify({ ...head, ...rest }, null, 2)}\n`
}
