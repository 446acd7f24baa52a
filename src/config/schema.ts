import { z } from 'zod'
import { adminAllowSchema } from './admin-schema.ts'
import { allowSchema } from './allow-schema.ts'
import { issuerSchema } from './issuer-schema.ts'
import { limitsSchema, rateSchema } from './limits-schema.ts'
import { objectsSchema } from './objects-schema.ts'
import { observeSchema } from './observe-schema.ts'
import { extendsSchema, profileSchema } from './profile-schema.ts'
import { bytes, duration, HOUR, KiB, MINUTE, MiB, SECOND } from './quantities.ts'
import { auditSchema, recordsSchema } from './records-schema.ts'
import { name, path, paths, text } from './scalars.ts'
import { parseMode } from './units.ts'
import { written } from './written.ts'

/*
 * The shape of the file. What depends on two places of it, or on other files, is checked in the files beside this one.
 */

/** In quotes only: YAML 1.2 reads 0660 as the decimal number 660. */
const WANTS_MODE = 'wants an octal file mode in quotes, such as "0660"'
const mode = z
  .string({ error: WANTS_MODE })
  .transform((value, context) => {
    const parsed = parseMode(value)
    if (parsed !== null) return parsed
    context.addIssue({ code: 'custom', message: WANTS_MODE })
    return z.NEVER
  })
  .register(written, { schema: { type: 'string', pattern: '^0?[0-7]{3}$' } })

const count = (most: number) => z.int().min(1).max(most)

const listenerTls = z
  .strictObject({
    certificate: path.describe('PEM'),
    key: path.describe('PEM; must be readable by its owner alone'),
    clientAuthorities: paths
      .optional()
      .describe('PEM bundle, or a list of bundles, that client certificates are verified against'),
    clientCertificates: z
      .enum(['none', 'optional', 'required'])
      .optional()
      .describe('Whether clients show a certificate. Left out: optional with clientAuthorities, else none'),
    minimumVersion: z.enum(['1.2', '1.3']).default('1.2').describe('The oldest TLS; in quotes'),
  })
  .transform((tls) => ({
    ...tls,
    clientCertificates: tls.clientCertificates ?? (tls.clientAuthorities === undefined ? 'none' : 'optional'),
  }))

// Zero would mean "no limit" to Node, and a timer beyond 24.8 days fires at once: both ends of each range matter.
const listenerLimits = z.strictObject({
  connections: count(65_536).default(1024).describe('Connections at once'),
  headerBytes: bytes(1 * KiB, 16 * MiB)
    .default(256 * KiB)
    .describe("Bytes of a request's head, 1KiB to 16MiB"),
  headerCount: count(2000).default(100).describe('Header fields, up to 2000'),
  targetBytes: bytes(1 * KiB, 1 * MiB)
    .default(32 * KiB)
    .describe('Bytes of path and query, 1KiB to 1MiB'),
  headersTimeout: duration(1, HOUR)
    .default(10 * SECOND)
    .describe('Until the head is complete, up to 1h'),
  bodyTimeout: duration(1, 24 * HOUR)
    .default(MINUTE)
    .describe('Until a body that is read whole (JSON) is complete, up to 24h; none for streams'),
})

/** Names that mean something to the Engine (X-Registry-Auth, X-Meta-*) or to proxies can carry no token. */
const tokenHeader = z
  .string()
  .regex(/^X-(?!Registry-|Meta-|Forwarded-|Real-)[A-Za-z0-9-]{1,62}$/i, {
    error: 'is no header for tokens: wants one of your own, such as X-Dockgate-Token',
  })
  // A pattern of JSON Schema has no flag for upper and lower case.
  .register(written, { schema: { type: 'string', pattern: '^[Xx]-[A-Za-z0-9-]{1,62}$' } })

/** One entry of `listeners`. Its name, where none is given, is its address. */
export const listenerSchema = z
  .strictObject({
    name: name.optional().describe('What records call it. Left out: the address'),
    address: text.describe(
      '`host:port`, `[v6]:port`, `unix:///path`, or `fd://NAME` of a socket of systemd; plain TCP only on loopback',
    ),
    tls: listenerTls.optional().describe('Required for TCP beyond loopback'),
    mode: mode.optional().describe('Of a unix socket, in quotes. Left out: "0660"'),
    group: text.optional().describe("Of a unix socket, a name or a number in quotes. Left out: the process's"),
    tokenHeader: tokenHeader
      .optional()
      .describe(
        'A header of your own, such as `X-Dockgate-Token`, that holds the token alone (no `Bearer`): for listeners behind a proxy that uses Authorization itself. Authorization is then not looked at',
      ),
    limits: listenerLimits.prefault({}).describe('What one listener takes'),
  })
  .transform((listener) => ({ ...listener, name: listener.name ?? listener.address }))

const MOST_GRACE = 30 * 24 * HOUR
const graceTime = z.union([z.literal('unlimited'), duration(0, MOST_GRACE)], {
  error: 'wants "unlimited" or a duration with its unit, such as 0s, 30s or 5m',
})

/** How long what was begun may go on when the proof of who asked has ended. */
const graceSchema = z.strictObject({
  sessions: graceTime
    .default(0)
    .describe('How long exec, attach, `docker events` and `docker stats` may go on: up to 720h, or unlimited'),
  streams: graceTime
    .default('unlimited')
    .describe('The same of everything else: builds, pulls, pushes, logs, transfers'),
})

/** One value of `roles`: what may be done, and what may be asked for in doing it. Absent allows nothing. */
export const roleSchema = z
  .strictObject({
    extends: extendsSchema.optional(),
    allow: allowSchema.optional(),
    ...profileSchema.shape,
    ...objectsSchema.shape,
    ...observeSchema.shape,
    grace: graceSchema
      .optional()
      .describe('How long what was begun may go on when the token or certificate has expired'),
    rate: rateSchema.optional().describe('How much may be asked at a time; what is left out has no bound'),
  })
  .meta({ anyOf: [{ required: ['allow'] }, { required: ['extends'] }] })
  .refine((role) => role.allow !== undefined || role.extends !== undefined, {
    error: 'allows nothing: add "allow" with operations, or "extends" with a role that ships with dockgate',
  })

/** One entry of `bindings`. `when` is a CEL condition, `owner` a template (`parseTemplate`). */
export const bindingSchema = z.strictObject({
  role: name.describe('A name from `roles`'),
  issuer: name.describe('A name from `issuers`'),
  when: text
    .optional()
    .describe(
      'A CEL condition; left out, everybody of that issuer. An issuer that anybody in the world can use needs one that names an owner: docs/issuers.md',
    ),
  owner: text
    .optional()
    .describe(
      "Whose objects are the caller's, a template such as `${issuer}:${claims.team}`. Left out, under a role with objects: own: the one of the issuer's preset, docs/owners.md",
    ),
})

/** Where it is written down whose images and unnamed volumes are whose: what a label on them cannot say. */
export const ledgerSchema = z.strictObject({
  file: path.describe('Made where it is not there; on the same machine as the engine'),
})

/** Who is refused in spite of a good token or certificate. */
export const revocationsSchema = z.strictObject({
  file: path.describe('JSON lines, each of which revokes somebody; must be there, writable by its owner alone'),
})

/** A TCP listener for those who look after the gate from elsewhere, and what each may see there. */
const adminListenerSchema = z.strictObject({
  address: text.describe('host:port or [v6]:port; plain TCP only on loopback'),
  tls: listenerTls.optional().describe('As of a listener; clientCertificates: required turns away who has none'),
  allow: z.array(adminAllowSchema).min(1).describe('Who gets which pages; everything else is refused but /healthz'),
})

/** A unix socket for whoever looks after the gate: health, readiness, metrics, sessions; and beside it a TCP listener. */
export const adminSchema = z.strictObject({
  socket: path.describe('Made with mode 0600'),
  listener: adminListenerSchema.optional().describe('The same over TCP, for callers whom the issuers know'),
})

/** Below the ten seconds after which `docker stop` kills. */
const SHUTDOWN_GRACE = 8 * SECOND

/** How long what is under way may go on when the gate is told to end. */
const shutdownSchema = z.strictObject({
  grace: duration(0, HOUR)
    .default(SHUTDOWN_GRACE)
    .describe('How long what is under way may go on after SIGTERM or SIGINT, up to 1h'),
})

/** Files that hold roles and bindings too. */
export const includeSchema = paths.describe(
  'Files of `roles` and `bindings`, or folders of them: of a folder each .yaml and .yml, in the order of their names',
)

/** The whole file: five nouns (listeners, engine, issuers, roles, bindings) and beside them records, revocations, the ledger and shutdown. */
export const configSchema = z.strictObject({
  listeners: z.array(listenerSchema).min(1).describe('Where clients come in'),
  engine: z.string().default('unix:///var/run/docker.sock').describe("The Docker Engine's socket, `unix:///path`"),
  issuers: z
    .record(name, issuerSchema)
    .describe('Who proves who somebody is, by a name of your choice: tokens or certificates'),
  include: includeSchema.optional(),
  roles: z
    .record(name, roleSchema)
    .describe('What may be done, and what may be asked for in doing it, by a name of your choice'),
  bindings: z
    .array(bindingSchema)
    .describe('Who gets which role; the first that matches decides, and without a match nothing is allowed'),
  records: recordsSchema.prefault({}).describe('Where records go, one JSON line a request'),
  audit: auditSchema.prefault({}).describe('What rests on records'),
  revocations: revocationsSchema.optional().describe('Who is refused in spite of a good token or certificate'),
  admin: adminSchema
    .optional()
    .describe(
      'A unix socket on which the gate tells how it is and what is under way, and ends sessions. Left out: none',
    ),
  ledger: ledgerSchema
    .optional()
    .describe(
      'Where it is written down whose images and unnamed volumes are whose; required when a role has `objects: own`',
    ),
  shutdown: shutdownSchema.prefault({}).describe('How the gate ends'),
  limits: limitsSchema.optional().describe('How much the gate as a whole takes; what is left out has no bound'),
})

/** The configuration after reading: defaults filled in, durations in ms, sizes in bytes, modes as numbers. */
export type Config = z.output<typeof configSchema>
export type ListenerConfig = Config['listeners'][number]
export type IssuerConfig = Config['issuers'][string]
export type CertificateIssuerConfig = NonNullable<IssuerConfig['certificate']>
export type JwtIssuerConfig = NonNullable<IssuerConfig['jwt']>
export type AdminListenerConfig = z.output<typeof adminListenerSchema>
export type GraceConfig = z.output<typeof graceSchema>
export type RoleConfig = Config['roles'][string]
export type BindingConfig = Config['bindings'][number]
