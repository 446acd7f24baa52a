import { z } from 'zod'
import { bytes, MiB } from './quantities.ts'
import { parseRate } from './units.ts'
import { written } from './written.ts'

/*
 * How much may be asked at a time: of one caller and of a role (`roles.X.rate`), and of the whole gate (`limits`).
 */

const MOST = 1_000_000
const count = z.int().min(1).max(MOST)
const WANTS_RATE = 'wants a number of requests and a time, such as 50/s, 300/m or 1000/h'

/** Requests a second. */
const rate = z
  .string({ error: WANTS_RATE })
  .transform((value, context) => {
    const parsed = parseRate(value)
    if (parsed !== null) return parsed
    context.addIssue({ code: 'custom', message: WANTS_RATE })
    return z.NEVER
  })
  .register(written, { schema: { type: 'string', pattern: '^[1-9][0-9]{0,6}/[smh]$' } })

const LEAST_MEMORY = 128 * MiB
const MOST_BYTES = 1024 * 1024 * MiB

const bounds = {
  requests: rate
    .optional()
    .describe('Requests over time, such as 50/s, 300/m or 1000/h; beyond it 429 with Retry-After'),
  burst: count.optional().describe('Requests that may come at once after a pause; those of one second when left out'),
  concurrent: count.optional().describe('Requests under way at a time, sessions not counted'),
  sessions: count
    .optional()
    .describe(
      'Sessions open at a time: exec, attach, logs that are followed, events, stats, wait, builds, pulls, pushes',
    ),
}

/** `roles.X.rate`. */
export const rateSchema = z.strictObject({
  ...bounds,
  upload: bytes(1, MOST_BYTES)
    .optional()
    .describe('Bytes of the body of one request, such as a build context; what goes into a session is not counted'),
  everybody: z.strictObject(bounds).optional().describe('The same of all callers of the role together'),
})

/** `limits`. */
export const limitsSchema = z.strictObject({
  connections: count.optional().describe('Connections of all listeners together; beyond it new ones are closed'),
  memory: bytes(LEAST_MEMORY, MOST_BYTES)
    .optional()
    .describe('Resident memory of the gate, above which new requests get 503 until it is below; at least 128MiB'),
})

/** `roles.X.rate` after reading: requests a second, sizes in bytes. */
export type RateConfig = z.output<typeof rateSchema>
export type LimitsConfig = z.output<typeof limitsSchema>
