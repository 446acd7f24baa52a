import { hash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { compile } from '../policy/compile.ts'
import { policyWarnings } from '../policy/lint.ts'
import type { Policy } from '../policy/types.ts'
import { checkPieces } from './check.ts'
import { type ConfigDocument, parseConfigDocument } from './document.ts'
import { ConfigError, type ConfigProblem, type Issue } from './errors.ts'
import { explainIssues } from './explain.ts'
import { checkFiles } from './files.ts'
import { createFindings } from './findings.ts'
import { piecesOf } from './pieces.ts'
import { readSmallFile } from './read-file.ts'
import { type CertificateIssuerConfig, type Config, configSchema } from './schema.ts'

/** A configuration that may be served. */
export interface LoadedConfig {
  /** The file as the operator named it. */
  readonly file: string
  /** Of the file's bytes as they were read, in hexadecimal, as `sha256sum` prints it. */
  readonly sha256: string
  /** Every path in it is absolute. */
  readonly config: Config
  readonly policy: Policy
  readonly warnings: readonly ConfigProblem[]
}

/**
 * Reads the configuration file, checks it whole (shape, cross-references, the files that it names, conditions), and
 * compiles its policy.
 *
 * @param file relative paths in the file are relative to its directory
 * @throws ConfigError with every problem that was found, in the order of the file
 */
export function loadConfig(file: string): LoadedConfig {
  const { document, sha256 } = readDocument(file)
  const shape = configSchema.safeParse(document.value)
  const findings = createFindings()
  findings.problems.push(...explainIssues(configSchema, document.value, shape.error?.issues ?? []))

  const directory = dirname(resolve(file))
  const pieces = piecesOf(document.value)
  checkPieces(pieces, findings)
  checkFiles(pieces, directory, findings)
  const policy = compile(pieces, findings)
  if (findings.problems.length > 0 || !shape.success) throw new ConfigError(placed(document, findings.problems))

  policyWarnings(pieces, policy, findings)
  const config = withAbsolutePaths(shape.data, directory)
  return { file, sha256, config, policy, warnings: placed(document, findings.warnings) }
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
  const { issuers, revocationsFile } = piecesOf(readDocument(file).document.value)
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
  const { adminSocket } = piecesOf(readDocument(file).document.value)
  return adminSocket === null ? null : resolve(dirname(resolve(file)), adminSocket)
}

function readDocument(file: string): { readonly document: ConfigDocument; readonly sha256: string } {
  const read = readSmallFile(file)
  if ('problem' in read) throw new ConfigError([{ file, line: 0, column: 0, path: '', message: read.problem }])
  const result = parseConfigDocument(file, read.text)
  if ('problems' in result) throw new ConfigError(result.problems)
  return { document: result.document, sha256: hash('sha256', read.bytes, 'hex') }
}

/** In the order of the file; what two checks say about one place in the same words is said once. */
function placed(document: ConfigDocument, issues: readonly Issue[]): ConfigProblem[] {
  const problems = new Map<string, ConfigProblem>()
  for (const issue of issues) {
    const problem = document.locate(issue)
    problems.set(`${problem.line}:${problem.column}:${problem.path}:${problem.message}`, problem)
  }
  return [...problems.values()].sort((a, b) => a.line - b.line || a.column - b.column)
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
    records: config.records.file === undefined ? {} : { file: at(config.records.file) },
    ...(config.admin === undefined ? {} : { admin: { socket: at(config.admin.socket) } }),
    ...(config.revocations === undefined ? {} : { revocations: { file: at(config.revocations.file) } }),
    ...(config.ledger === undefined ? {} : { ledger: { file: at(config.ledger.file) } }),
  }
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
