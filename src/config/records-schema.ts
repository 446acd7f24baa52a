import { z } from 'zod'
import { parseAddress } from './address.ts'
import { bytes, duration, HOUR, KiB, MINUTE, MiB, SECOND } from './quantities.ts'
import { path } from './scalars.ts'
import { written } from './written.ts'

/*
 * The keys `records` (where records go, and how) and `audit` (what rests on their being written).
 */

/** Where records are sent. */
export type RecordsAddress =
  | { readonly text: string; readonly kind: 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | { readonly text: string; readonly kind: 'udp'; readonly host: string; readonly port: number }
  | { readonly text: string; readonly kind: 'unix'; readonly path: string }

const address = (kinds: readonly RecordsAddress['kind'][], wanted: string) =>
  z
    .string({ error: wanted })
    .transform((text, context): RecordsAddress => {
      const parsed = parseRecordsAddress(text)
      if (parsed !== null && kinds.includes(parsed.kind)) return parsed
      context.addIssue({ code: 'custom', message: wanted })
      return z.NEVER
    })
    .register(written, { schema: { type: 'string', pattern: `^(${kinds.join('|')})://` } })

/** `tcp://host:port`, `tls://…`, `udp://…` or `unix:///path`; null when it is none. */
function parseRecordsAddress(text: string): RecordsAddress | null {
  const scheme = /^(tcp|tls|udp):\/\//.exec(text)?.[1] as 'tcp' | 'tls' | 'udp' | undefined
  const parsed = parseAddress(scheme === undefined ? text : text.slice('tcp://'.length))
  if (parsed?.kind === 'unix') return scheme === undefined ? { text, kind: 'unix', path: parsed.path } : null
  if (parsed === null || parsed.port === 0 || scheme === undefined) return null
  return { text, kind: scheme, host: parsed.host, port: parsed.port }
}

const GiB = 1024 * MiB

const rotate = z
  .strictObject({
    size: bytes(64 * KiB, 64 * GiB)
      .optional()
      .describe('With `file`: a new file after so many bytes'),
    every: z.enum(['hour', 'day']).optional().describe('With `file`: a new file each hour or day, local time'),
    keep: z.int().min(1).max(10_000).default(14).describe('So many files stay; the oldest are removed'),
  })
  .refine((value) => value.size !== undefined || value.every !== undefined, {
    error: 'says not when: add "size", "every", or both',
  })

const chain = z.strictObject({
  key: path.describe('An Ed25519 private key in PEM, for the gate alone: `dockgate audit key`'),
  lines: z.int().min(1).max(1_000_000).default(1000).describe('A checkpoint is signed after so many lines'),
  interval: duration(SECOND, 24 * HOUR)
    .default(MINUTE)
    .describe('And so long after a line at the latest'),
})

/** Where records go: standard output, a file, a log service or a socket. */
export const recordsSchema = z.strictObject({
  file: path.optional().describe('Appended to, made with mode 0600. Without a place: standard output'),
  rotate: rotate.optional().describe('Files that take turns'),
  chain: chain
    .optional()
    .describe('With `file`: each line holds the hash of the one before, and checkpoints are signed'),
  syslog: address(['tcp', 'tls', 'udp'], 'wants tcp://host:port, tls://host:port or udp://host:port')
    .optional()
    .describe('A log service (RFC 5424): `tcp://host:port`, `tls://host:port` or `udp://host:port`'),
  socket: address(['tcp', 'tls', 'unix'], 'wants tcp://host:port, tls://host:port or unix:///absolute/path')
    .optional()
    .describe('The lines as they are: `tcp://host:port`, `tls://host:port` or `unix:///path`'),
  authorities: path
    .optional()
    .describe("With `tls://`: a PEM file of who may have signed the other end's certificate. Left out: the system's"),
})

/** What rests on records: `required` refuses what would change something while they cannot be written. */
export const auditSchema = z.strictObject({
  required: z
    .boolean()
    .default(false)
    .describe('Nothing is changed on the engine unless its record is in `records.file` before'),
})

export type RecordsConfig = z.output<typeof recordsSchema>

/** With each path of it absolute. */
export function absoluteRecords(records: RecordsConfig, at: (path: string) => string): RecordsConfig {
  const { file, chain, authorities } = records
  return {
    ...records,
    ...(file === undefined ? {} : { file: at(file) }),
    ...(chain === undefined ? {} : { chain: { ...chain, key: at(chain.key) } }),
    ...(authorities === undefined ? {} : { authorities: at(authorities) }),
  }
}
