import { z } from 'zod'
import { completeIssuer } from './issuer.ts'
import { ISSUER_PRESETS } from './issuer-presets.ts'
import { objectsSchema } from './objects-schema.ts'
import { extendsSchema, profileSchema } from './profile-schema.ts'
import { bytes, duration, HOUR, KiB, MINUTE, MiB, SECOND } from './quantities.ts'
import { parseMode } from './units.ts'

/*
 * The shape of the file. What depends on two places of it, or on other files, is checked in the files beside this one.
 */

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, {
  error: 'is no name: it begins with a letter or digit, then come letters, digits, "_", "." and "-", at most 64',
})
const text = z.string().min(1).max(4096)
const path = text.regex(/^[^\0]*$/, { error: 'is no path: it holds a NUL character' })
/** One file, or several. */
const paths = z
  .union([path, z.array(path).min(1)], { error: 'wants a path or a list of paths, none of them empty' })
  .transform((value) => (typeof value === 'string' ? [value] : value))

/** In quotes only: YAML 1.2 reads 0660 as the decimal number 660. */
const WANTS_MODE = 'wants an octal file mode in quotes, such as "0660"'
const mode = z.string({ error: WANTS_MODE }).transform((value, context) => {
  const parsed = parseMode(value)
  if (parsed !== null) return parsed
  context.addIssue({ code: 'custom', message: WANTS_MODE })
  return z.NEVER
})

const count = (most: number) => z.int().min(1).max(most)

const listenerTls = z
  .strictObject({
    certificate: path,
    key: path,
    clientAuthorities: paths.optional(),
    clientCertificates: z.enum(['none', 'optional', 'required']).optional(),
    minimumVersion: z.enum(['1.2', '1.3']).default('1.2'),
  })
  .transform((tls) => ({
    ...tls,
    clientCertificates: tls.clientCertificates ?? (tls.clientAuthorities === undefined ? 'none' : 'optional'),
  }))

// Zero would mean "no limit" to Node, and a timer beyond 24.8 days fires at once: both ends of each range matter.
const listenerLimits = z.strictObject({
  connections: count(65_536).default(1024),
  headerBytes: bytes(1 * KiB, 16 * MiB).default(256 * KiB),
  headerCount: count(2000).default(100),
  targetBytes: bytes(1 * KiB, 1 * MiB).default(32 * KiB),
  headersTimeout: duration(1, HOUR).default(10 * SECOND),
  bodyTimeout: duration(1, 24 * HOUR).default(MINUTE),
})

/** Names that mean something to the Engine (X-Registry-Auth, X-Meta-*) or to proxies can carry no token. */
const tokenHeader = z.string().regex(/^X-(?!Registry-|Meta-|Forwarded-|Real-)[A-Za-z0-9-]{1,62}$/i, {
  error: 'is no header for tokens: wants one of your own, such as X-Dockgate-Token',
})

/** One entry of `listeners`. Its name, where none is given, is its address. */
export const listenerSchema = z
  .strictObject({
    name: name.optional(),
    address: text,
    tls: listenerTls.optional(),
    mode: mode.optional(),
    group: text.optional(),
    tokenHeader: tokenHeader.optional(),
    limits: listenerLimits.prefault({}),
  })
  .transform((listener) => ({ ...listener, name: listener.name ?? listener.address }))

/** Signature algorithms that an issuer may be given (RFC 7518, RFC 8037, RFC 9864): asymmetric ones only. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, {
  error: 'is no id such as 01234567-89ab-cdef-0123-456789abcdef',
})

const jwtIssuerAsWritten = z.strictObject({
  preset: z.enum(ISSUER_PRESETS).optional(),
  host: z
    .string()
    .regex(/^[a-z0-9.-]{1,253}(:[1-9][0-9]{0,4})?$/, { error: 'is no host such as git.example.com' })
    .optional(),
  tenant: uuid.optional(),
  organization: uuid.optional(),
  issuer: text.optional(),
  audience: z
    .union([text, z.array(text).min(1)], { error: 'wants an audience or a list of audiences, none of them empty' })
    .optional(),
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).optional(),
  jwksUri: z.url({ error: 'is no URL' }).optional(),
  jwksFile: path.optional(),
  publicKey: path.optional(),
  ca: path.optional(),
  proxy: z.url({ error: 'is no URL' }).optional(),
  refresh: duration(MINUTE, 24 * HOUR).optional(),
  outage: duration(0, 7 * 24 * HOUR).optional(),
  confirmation: z.enum(['optional', 'required']).default('optional'),
  clockTolerance: duration(0, 5 * MINUTE).default(30 * SECOND),
})

/** An issuer of tokens before its preset and the defaults are filled in. */
export type JwtIssuerAsWritten = z.output<typeof jwtIssuerAsWritten>
export type Algorithm = (typeof ALGORITHMS)[number]

const jwtIssuer = jwtIssuerAsWritten.transform(completeIssuer)

/** One pattern, or several of which one must fit; `*` stands for any run of characters. */
const patterns = z
  .union([text, z.array(text).min(1)], { error: 'wants a pattern or a list of patterns, none of them empty' })
  .transform((value) => (typeof value === 'string' ? [value] : value))

const pin = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, {
  error: "is no pin: wants the SHA-256 of a public key's SubjectPublicKeyInfo in base64, 44 characters",
})
/** The SPIFFE ID standard, section 2.1. */
const trustDomain = z.string().regex(/^[a-z0-9._-]{1,255}$/, {
  error: 'is no trust domain: lower-case letters, digits, ".", "-" and "_", without spiffe://',
})

/** The attributes of a subject that a rule may name, as OpenSSL calls them. */
const subjectRule = z.strictObject({
  CN: patterns.optional(),
  O: patterns.optional(),
  OU: patterns.optional(),
  C: patterns.optional(),
  ST: patterns.optional(),
  L: patterns.optional(),
  DC: patterns.optional(),
  UID: patterns.optional(),
  title: patterns.optional(),
  serialNumber: patterns.optional(),
  emailAddress: patterns.optional(),
})

/** Authorities between a client's certificate and one that is configured; real paths have one or two. */
const MOST_INTERMEDIATES = 8

const certificateIssuer = z.strictObject({
  authorities: paths,
  crl: paths.optional(),
  depth: z.int().min(0).max(MOST_INTERMEDIATES).default(MOST_INTERMEDIATES),
  pins: z.array(pin).min(1).optional(),
  subject: subjectRule.optional(),
  san: z.strictObject({ dns: patterns.optional(), uri: patterns.optional(), email: patterns.optional() }).optional(),
  spiffe: trustDomain.optional(),
})

/** One value of `issuers`. */
export const issuerSchema = z.strictObject({ jwt: jwtIssuer.optional(), certificate: certificateIssuer.optional() })

const MOST_GRACE = 30 * 24 * HOUR
const graceTime = z.union([z.literal('unlimited'), duration(0, MOST_GRACE)], {
  error: 'wants "unlimited" or a duration with its unit, such as 0s, 30s or 5m',
})

/** How long what was begun may go on when the proof of who asked has ended. */
const graceSchema = z.strictObject({
  sessions: graceTime.default(0),
  streams: graceTime.default('unlimited'),
})

/** One value of `roles`: what may be done, and what may be asked for in doing it. Absent allows nothing. */
export const roleSchema = z
  .strictObject({
    extends: extendsSchema.optional(),
    allow: z.array(text).min(1).optional(),
    ...profileSchema.shape,
    ...objectsSchema.shape,
    grace: graceSchema.optional(),
  })
  .refine((role) => role.allow !== undefined || role.extends !== undefined, {
    error: 'allows nothing: add "allow" with operations, or "extends" with a role that ships with dockgate',
  })

/** One entry of `bindings`. `when` is a CEL condition, `owner` a template (`parseTemplate`). */
export const bindingSchema = z.strictObject({
  role: name,
  issuer: name,
  when: text.optional(),
  owner: text.optional(),
})

/** Where records go: standard output, or a file. */
export const recordsSchema = z.strictObject({ file: path.optional() })

/** Where it is written down whose images and unnamed volumes are whose: what a label on them cannot say. */
export const ledgerSchema = z.strictObject({ file: path })

/** Who is refused in spite of a good token or certificate. */
export const revocationsSchema = z.strictObject({ file: path })

/** A unix socket for whoever looks after the gate: health, readiness, sessions. */
export const adminSchema = z.strictObject({ socket: path })

/** Below the ten seconds after which `docker stop` kills. */
const SHUTDOWN_GRACE = 8 * SECOND

/** How long what is under way may go on when the gate is told to end. */
const shutdownSchema = z.strictObject({ grace: duration(0, HOUR).default(SHUTDOWN_GRACE) })

/** The whole file: five nouns (listeners, engine, issuers, roles, bindings) and beside them records, revocations, the ledger and shutdown. */
export const configSchema = z.strictObject({
  listeners: z.array(listenerSchema).min(1),
  engine: z.string().default('unix:///var/run/docker.sock'),
  issuers: z.record(name, issuerSchema),
  roles: z.record(name, roleSchema),
  bindings: z.array(bindingSchema),
  records: recordsSchema.prefault({}),
  revocations: revocationsSchema.optional(),
  admin: adminSchema.optional(),
  ledger: ledgerSchema.optional(),
  shutdown: shutdownSchema.prefault({}),
})

/** The configuration after reading: defaults filled in, durations in ms, sizes in bytes, modes as numbers. */
export type Config = z.output<typeof configSchema>
export type ListenerConfig = Config['listeners'][number]
export type IssuerConfig = Config['issuers'][string]
export type CertificateIssuerConfig = NonNullable<IssuerConfig['certificate']>
export type JwtIssuerConfig = NonNullable<IssuerConfig['jwt']>
export type GraceConfig = z.output<typeof graceSchema>
export type RoleConfig = Config['roles'][string]
export type BindingConfig = Config['bindings'][number]
