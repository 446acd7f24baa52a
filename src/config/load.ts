import { dirname, resolve } from 'node:path'
import { type AdminRule, compileAdmin } from '../policy/admin.ts'
import { compile } from '../policy/compile.ts'
import { policyWarnings } from '../policy/lint.ts'
import type { Policy } from '../policy/types.ts'
import { checkPieces } from './check.ts'
import { ConfigError, type ConfigProblem, type Issue } from './errors.ts'
import { explainIssues } from './explain.ts'
import { checkFiles } from './files.ts'
import { createFindings, type Findings } from './findings.ts'
import type { Sources } from './merge.ts'
import { type Pieces, piecesOf } from './pieces.ts'
import { absoluteRecords } from './records-schema.ts'
import { type CertificateIssuerConfig, type Config, configSchema } from './schema.ts'
import { type ReadOptions, readSources } from './sources.ts'

/** A configuration that may be served. */
export interface LoadedConfig {
  /** The file as the operator named it. */
  readonly file: string
  /** `Sources.sha256`. */
  readonly sha256: string
  /** Every path in it is absolute. */
  readonly config: Config
  readonly policy: Policy
  /** Who gets what on the admin listener. */
  readonly adminRules: readonly AdminRule[]
  readonly warnings: readonly ConfigProblem[]
}

/**
 * Reads the configuration file, checks it whole (shape, cross-references, the files that it names, conditions), and
 * compiles its policy.
 *
 * @param file relative paths in the file are relative to its directory
 * @param options where values come from that the file only names
 * @throws ConfigError with every problem that was found, in the order of the file
 */
export function loadConfig(file: string, options: ReadOptions = {}): LoadedConfig {
  const sources = readSources(file, options)
  const directory = dirname(resolve(file))
  const findings = createFindings()
  const { pieces, policy, adminRules, ...read } = compileSources(sources, findings, (all) =>
    checkFiles(all, directory, findings),
  )
  policyWarnings(pieces, policy, findings)
  const config = withAbsolutePaths(read.config, directory)
  const warnings = sorted(sources, findings.warnings.map(sources.locate))
  return { file, sha256: sources.sha256, config, policy, adminRules, warnings }
}

/** A configuration that is read for what it says, not to be served. */
export interface LoadedPolicy {
  readonly file: string
  /** Paths in it are as they are written. */
  readonly config: Config
  readonly policy: Policy
}

/**
 * Reads a configuration as `loadConfig` does, without the files that it names (keys, certificates): they need not be there,
 * so that one from another machine or another time can be read.
 *
 * @throws ConfigError with every problem that was found
 */
export function loadPolicy(file: string): LoadedPolicy {
  const { config, policy } = compileSources(readSources(file), createFindings(), () => {})
  return { file, config, policy }
}

/** @throws ConfigError with every problem that was found, those of `checkMore` included */
function compileSources(sources: Sources, findings: Findings, checkMore: (pieces: Pieces) => void) {
  const shape = configSchema.safeParse(sources.value)
  findings.problems.push(...explainIssues(configSchema, sources.value, shape.error?.issues ?? []))
  const pieces = piecesOf(sources.value)
  checkPieces(pieces, findings)
  checkMore(pieces)
  const policy = compile(pieces, findings)
  const adminRules = compileAdmin(pieces, findings)
  const problems = allProblems(sources, findings.problems)
  if (problems.length > 0 || !shape.success) throw new ConfigError(problems)
  return { config: shape.data, pieces, policy, adminRules }
}

/** What `dockgate revoke` needs of a configuration. */
export interface RevocationSettings {
  /** Absolute; null when the configuration names none. */
  readonly file: string | null
  /** The names of the issuers, and which of them are of tokens. */
  readonly issuers: ReadonlyMap<string, { readonly tokens: boolean }>
}

/**
 * Reads where revocations go. A problem elsewhere in the configuration (a certificate that has expired) does not stand in
 * the way: whoever revokes is in a hurry.
 *
 * @throws ConfigError when the file cannot be read, or is no YAML
 */
export function loadRevocationSettings(file: string): RevocationSettings {
  const { issuers, revocationsFile } = piecesOf(readPart(file, 'revocations'))
  return {
    file: revocationsFile === null ? null : resolve(dirname(resolve(file)), revocationsFile),
    issuers: new Map([...issuers].map(([name, issuer]) => [name, { tokens: issuer?.certificate === undefined }])),
  }
}

/**
 * Reads where the admin socket is: absolute, or null when the configuration names none. As whoever asks a gate how it is
 * wants an answer, a problem elsewhere in the configuration does not stand in the way.
 *
 * @throws ConfigError when the file cannot be read, or is no YAML
 */
export function loadAdminSocket(file: string): string | null {
  const { adminSocket } = piecesOf(readPart(file, 'admin'))
  return adminSocket === null ? null : resolve(dirname(resolve(file)), adminSocket)
}

/** The value of a configuration of which one part is wanted: only values that are missing there are in the way. */
function readPart(file: string, part: string): unknown {
  const { value, missing } = readSources(file)
  const inTheWay = missing.filter(({ path }) => path === part || path.startsWith(`${part}.`))
  if (inTheWay.length > 0) throw new ConfigError(inTheWay)
  return value
}

/** Of a value that is missing nothing else is said: null stands in its place. */
function allProblems(sources: Sources, issues: readonly Issue[]): ConfigProblem[] {
  const { missing, problems, locate } = sources
  const named = new Set(missing.map(({ file, path }) => `${file}: ${path}`))
  const others = issues.map(locate).filter(({ file, path }) => !named.has(`${file}: ${path}`))
  return sorted(sources, [...missing, ...problems, ...others])
}

/** In the order of the files and their lines; what two checks say about one place in the same words is said once. */
function sorted({ order }: Sources, all: readonly ConfigProblem[]): ConfigProblem[] {
  const problems = new Map(
    all.map((one) => [`${one.file}:${one.line}:${one.column}:${one.path}:${one.message}`, one] as const),
  )
  const place = new Map(order.map((file, index) => [file, index]))
  const rank = ({ file }: ConfigProblem) => place.get(file) ?? order.length
  return [...problems.values()].sort((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column)
}

function withAbsolutePaths(config: Config, directory: string): Config {
  const at = (path: string) => resolve(directory, path)
  return {
    ...config,
    listeners: config.listeners.map(({ tls, ...listener }) =>
      tls ? { ...listener, tls: absoluteTls(tls, at) } : listener,
    ),
    issuers: Object.fromEntries(
      Object.entries(config.issuers).map(([name, issuer]) => [name, absoluteIssuer(issuer, at)]),
    ),
    records: absoluteRecords(config.records, at),
    ...(config.admin === undefined ? {} : { admin: absoluteAdmin(config.admin, at) }),
    ...(config.revocations === undefined ? {} : { revocations: { file: at(config.revocations.file) } }),
    ...(config.ledger === undefined ? {} : { ledger: { file: at(config.ledger.file) } }),
  }
}

function absoluteAdmin(
  { socket, listener }: NonNullable<Config['admin']>,
  at: (path: string) => string,
): NonNullable<Config['admin']> {
  if (listener === undefined) return { socket: at(socket) }
  const { tls, ...rest } = listener
  return { socket: at(socket), listener: tls === undefined ? rest : { ...rest, tls: absoluteTls(tls, at) } }
}

function absoluteTls(tls: NonNullable<Config['listeners'][number]['tls']>, at: (path: string) => string): typeof tls {
  const { clientAuthorities } = tls
  return {
    ...tls,
    certificate: at(tls.certificate),
    key: at(tls.key),
    ...(clientAuthorities === undefined ? {} : { clientAuthorities: clientAuthorities.map(at) }),
  }
}

function absoluteIssuer(
  { jwt, certificate }: Config['issuers'][string],
  at: (path: string) => string,
): Config['issuers'][string] {
  return {
    ...(jwt ? { jwt: absoluteJwt(jwt, at) } : {}),
    ...(certificate ? { certificate: absoluteCertificate(certificate, at) } : {}),
  }
}

function absoluteCertificate(
  certificate: CertificateIssuerConfig,
  at: (path: string) => string,
): CertificateIssuerConfig {
  const { authorities, crl } = certificate
  return { ...certificate, authorities: authorities.map(at), ...(crl === undefined ? {} : { crl: crl.map(at) }) }
}

function absoluteJwt(jwt: NonNullable<Config['issuers'][string]['jwt']>, at: (path: string) => string): typeof jwt {
  return {
    ...jwt,
    ...(jwt.jwksFile === undefined ? {} : { jwksFile: at(jwt.jwksFile) }),
    ...(jwt.publicKey === undefined ? {} : { publicKey: at(jwt.publicKey) }),
    ...(jwt.ca === undefined ? {} : { ca: at(jwt.ca) }),
  }
}
