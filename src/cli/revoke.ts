import { Command } from 'commander'
import type { RevocationSettings } from '../config/load.ts'
import { addEntry } from '../identity/revocation-append.ts'
import {
  formatEntry,
  parseFingerprint,
  parseMoment,
  parseSerial,
  type RevocationEntry,
  RevocationError,
  readText,
} from '../identity/revocation-entry.ts'
import { readRevocationFile } from '../identity/revocation-file.ts'
import { didYouMean } from '../nearest.ts'
import { printable, quoted } from '../text.ts'
import { printJson, UsageError } from './failure.ts'
import { near } from './paths.ts'

interface Options {
  readonly config: string
  readonly jti?: string
  readonly issuer?: string
  readonly subject?: string
  readonly issuedBefore?: string
  readonly serial?: string
  readonly fingerprint?: string
  readonly reason?: string
  readonly list?: true
  readonly json?: true
}

/** Longer than a line of the file. */
const LINE_LENGTH = 5000

const EXAMPLES = `
Examples:
  $ dockgate revoke --config dockgate.yaml --jti 3f1c… --reason "in a build log"
      one token, by its "jti", which is in the token
  $ dockgate revoke --config dockgate.yaml --issuer staff-sso --subject alice@acme.io
      a person or a job, for good
  $ dockgate revoke --config dockgate.yaml --issuer github --issued-before now
      every token that an issuer has given out so far
  $ dockgate revoke --config dockgate.yaml --fingerprint AB:CD:…
      a certificate (openssl x509 -in cert.pem -noout -fingerprint -sha256)
  $ dockgate revoke --config dockgate.yaml --list
      what is revoked

Several facts together revoke who fits all of them. A gate that runs follows the file: within a second it refuses every
request of theirs, and ends what they have open. To take an entry back, remove its line from the file.`

export function revokeCommand(): Command {
  return new Command('revoke')
    .description('refuse a token, a person or a certificate from now on, and end what they have open')
    .requiredOption('-c, --config <file>', 'the configuration (YAML), whose revocations.file is written')
    .option('--jti <id>', 'the token with this "jti"')
    .option('--issuer <name>', 'of this issuer (the key under "issuers")')
    .option('--subject <subject>', 'with this subject; needs --issuer')
    .option(
      '--issued-before <time>',
      'tokens issued before: now, or a time such as 2026-01-31T12:00:00Z; needs --issuer',
    )
    .option('--serial <hex>', "the certificate's serial number")
    .option('--fingerprint <hex>', "the certificate's SHA-256 fingerprint")
    .option('--reason <text>', 'why; in the file only, clients are not told')
    .option('--list', 'print what is revoked, and write nothing')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const { loadRevocationSettings } = await import('../config/load.ts')
      const { file, issuers } = loadRevocationSettings(options.config)
      if (file === null) {
        const out = 'add revocations: { file: revoked.jsonl } to it, and start the gate again'
        throw new UsageError(`${options.config} names no revocation file: ${out}`)
      }
      if (options.list) list(file, options)
      else revoke(file, options, issuers)
    })
}

function revoke(file: string, options: Options, issuers: RevocationSettings['issuers']): void {
  const entry = entryOf(options, Date.now())
  const { issuer, issuedBefore } = entry
  if (issuer !== undefined && !issuers.has(issuer)) {
    throw new UsageError(`--issuer: no issuer ${quoted(issuer, 80)}${didYouMean(issuer, issuers.keys())}`)
  }
  if (issuer !== undefined && issuedBefore !== undefined && !issuers.get(issuer)?.tokens) {
    throw new UsageError(`--issued-before is for tokens, and issuer "${issuer}" is of certificates: use --fingerprint`)
  }
  const isNew = addEntry(file, entry)
  if (options.json) {
    printJson({ file, entry: JSON.parse(formatEntry(entry)) as unknown })
    return
  }
  const lines = [
    `${near(file)}: ${formatEntry(entry)}`,
    `revoked: ${inWords(entry)}`,
    'Within a second, gates that follow this file refuse their requests and end what they have open.',
    ...(isNew ? ["The file is new, for its owner alone (0600): the gate's user must be able to read it."] : []),
  ]
  process.stdout.write(`${lines.map((line) => printable(line, LINE_LENGTH)).join('\n')}\n`)
}

function list(file: string, { json }: Options): void {
  const read = readRevocationFile(file)
  if ('problems' in read) throw new UsageError(read.problems.join('\n'))
  const lines = read.entries.map(formatEntry)
  if (json) printJson({ file, entries: lines.map((line) => JSON.parse(line) as unknown) })
  else if (lines.length === 0) process.stdout.write(`${near(file)}: nobody is revoked\n`)
  else process.stdout.write(read.entries.map((entry) => `${listed(entry)}\n`).join(''))
}

function listed(entry: RevocationEntry): string {
  const why = entry.reason === undefined ? '' : ` (${printable(entry.reason, LINE_LENGTH)})`
  return `${new Date(entry.at).toISOString()}  ${inWords(entry)}${why}`
}

function entryOf(options: Options, now: number): RevocationEntry {
  const { subject, issuer, issuedBefore: before } = options
  const issuedBefore = before === 'now' ? now : read('--issued-before', before, parseMoment)
  if (subject !== undefined && issuer === undefined) {
    throw new UsageError('--subject wants --issuer too: two issuers may have the same name for two people')
  }
  if (issuedBefore !== undefined && issuer === undefined) throw new UsageError('--issued-before wants --issuer too')
  if (issuedBefore !== undefined && issuedBefore > now) {
    throw new UsageError('--issued-before lies in the future: tokens that nobody has yet would be revoked; say "now"')
  }
  const facts = {
    ...some('jti', read('--jti', options.jti, readText)),
    ...some('subject', read('--subject', subject, readText)),
    ...some('issuedBefore', issuedBefore),
    ...some('serial', read('--serial', options.serial, parseSerial)),
    ...some('fingerprint', read('--fingerprint', options.fingerprint, parseFingerprint)),
  }
  if (Object.keys(facts).length === 0) {
    throw new UsageError('whom? give --jti, --issuer with --subject or --issued-before, --serial, or --fingerprint')
  }
  const reason = read('--reason', options.reason, readText)
  return { ...some('issuer', read('--issuer', issuer, readText)), ...facts, ...some('reason', reason), at: now }
}

function read<T>(option: string, text: string | undefined, parse: (text: string) => T): T | undefined {
  if (text === undefined) return undefined
  try {
    return parse(text)
  } catch (error) {
    throw error instanceof RevocationError ? new UsageError(`${option} ${error.message}`) : error
  }
}

function some<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: T })
}

/** Whom an entry revokes, for people. */
function inWords({ issuer, jti, subject, issuedBefore, serial, fingerprint }: RevocationEntry): string {
  const words = [
    ...(subject === undefined ? [] : [`subject ${quoted(subject)}`]),
    ...(jti === undefined ? [] : [`the token with jti ${quoted(jti)}`]),
    ...(issuedBefore === undefined ? [] : [`tokens issued before ${new Date(issuedBefore).toISOString()}`]),
    ...(serial === undefined ? [] : [`the certificate with serial ${serial}`]),
    ...(fingerprint === undefined ? [] : [`the certificate with fingerprint ${fingerprint}`]),
  ]
  return `${words.join(', with ')}${issuer === undefined ? '' : ` of issuer "${issuer}"`}`
}
