import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readRevocationFile } from '../identity/revocation-file.ts'
import { didYouMean } from '../nearest.ts'
import { quoted } from '../text.ts'
import type { Findings } from './findings.ts'
import type { Pieces } from './pieces.ts'
import type { ListenerConfig } from './schema.ts'

const MAX_FILE_BYTES = 1024 * 1024
const NEAR_EXPIRY_DAYS = 30
const DAY_MS = 86_400_000
const LEAST_RSA_BITS = 2048
/** Read or write by the group or by others. */
const OPEN_TO_OTHERS = 0o066

type Path = readonly PropertyKey[]

/** Reads every file that the configuration names (relative ones below `directory`) and checks that it can be used. */
export function checkFiles(pieces: Pieces, directory: string, findings: Findings): void {
  const at = (file: string) => resolve(directory, file)
  for (const { index, value } of pieces.listeners) {
    if (value.tls) checkListenerFiles(['listeners', index, 'tls'], value.tls, at, findings)
  }
  for (const [name, issuer] of pieces.issuers) {
    const path = ['issuers', name]
    const { jwksFile, publicKey, ca } = issuer?.jwt ?? {}
    if (jwksFile !== undefined) checkJwks([...path, 'jwt', 'jwksFile'], at(jwksFile), findings)
    if (publicKey !== undefined) checkPublicKey([...path, 'jwt', 'publicKey'], at(publicKey), findings)
    if (ca !== undefined) checkAuthorities([...path, 'jwt', 'ca'], at(ca), findings)
    const authorities = issuer?.certificate?.authorities
    if (authorities !== undefined) checkAuthorities([...path, 'certificate', 'authorities'], at(authorities), findings)
  }
  if (pieces.revocationsFile !== null) checkRevocationFile(at(pieces.revocationsFile), pieces, findings)
  if (pieces.recordsFile !== null) checkRecordsFile(['records', 'file'], at(pieces.recordsFile), findings)
}

/** Reads a file of at most 1 MiB of UTF-8 text. `problem` says what is wrong with the file, without its name. */
export function readSmallFile(file: string): { readonly text: string } | { readonly problem: string } {
  try {
    const facts = statSync(file)
    if (facts.isDirectory()) return { problem: 'is a directory, not a file' }
    if (!facts.isFile()) return { problem: 'is not a regular file' }
    if (facts.size > MAX_FILE_BYTES) return { problem: 'is larger than 1 MiB' }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)) }
  } catch (error) {
    return { problem: whyUnreadable(error) }
  }
}

/** What keeps a file from being read, to stand behind its name; for what `node:fs` throws. */
export function whyUnreadable(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'does not exist'
    case 'ENOTDIR':
      return 'does not exist: a part of its path is not a directory'
    case 'EACCES':
    case 'EPERM':
      return `cannot be read by user ${process.getuid?.()}: chown or chmod it`
    case 'ELOOP':
      return 'is a symbolic link that leads back to itself'
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'is not UTF-8 text'
    default:
      return `cannot be read: ${(error as Error).message}`
  }
}

function read(path: Path, file: string, findings: Findings): string | null {
  const result = readSmallFile(file)
  if ('text' in result) return result.text
  findings.problem(path, `${file} ${result.problem}`)
  return null
}

function checkListenerFiles(
  path: Path,
  tls: NonNullable<ListenerConfig['tls']>,
  at: (file: string) => string,
  findings: Findings,
): void {
  const certificate = readServerCertificate([...path, 'certificate'], at(tls.certificate), findings)
  const key = readPrivateKey([...path, 'key'], at(tls.key), findings)
  if (certificate && key && !certificate.checkPrivateKey(key)) {
    findings.problem([...path, 'key'], `${at(tls.key)} is not the key of ${at(tls.certificate)}`)
  }
  if (tls.clientAuthorities === undefined) return
  checkAuthorities([...path, 'clientAuthorities'], at(tls.clientAuthorities), findings)
}

function readServerCertificate(path: Path, file: string, findings: Findings): X509Certificate | null {
  const certificate = readCertificates(path, file, findings)[0]
  if (certificate === undefined) return null
  const now = Date.now()
  const { validFromDate: from, validToDate: to } = certificate
  if (from.getTime() > now) findings.problem(path, `${file} is not valid before ${day(from)}`)
  else if (to.getTime() <= now) findings.problem(path, `${file} expired on ${day(to)}: renew it`)
  else warnNearExpiry(path, file, to, findings)
  return certificate
}

function warnNearExpiry(path: Path, file: string, to: Date, findings: Findings): void {
  const days = Math.floor((to.getTime() - Date.now()) / DAY_MS)
  if (days < NEAR_EXPIRY_DAYS) findings.warn(path, `${file} expires on ${day(to)}, in ${days} days: renew it`)
}

function readPrivateKey(path: Path, file: string, findings: Findings): KeyObject | null {
  const pem = read(path, file, findings)
  if (pem === null) return null
  const mode = statSync(file).mode & 0o777
  if ((mode & OPEN_TO_OTHERS) !== 0) {
    findings.problem(
      path,
      `${file} may be read or written by others than its owner (mode ${octal(mode)}): chmod 600 ${file}`,
    )
  }
  try {
    return createPrivateKey(pem)
  } catch {
    const encrypted = pem.includes('ENCRYPTED') ? 'is encrypted, and there is nobody to ask for the passphrase' : null
    findings.problem(path, `${file} ${encrypted ?? 'holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)'}`)
    return null
  }
}

/** Authorities that are past their time are left in bundles for years: a word, and a refusal when none is left. */
function checkAuthorities(path: Path, file: string, findings: Findings): void {
  const certificates = readCertificates(path, file, findings)
  if (certificates.length === 0) return
  const now = Date.now()
  const alive = certificates.filter(({ validToDate }) => validToDate.getTime() > now)
  if (alive.length === 0) findings.problem(path, `every certificate in ${file} has expired: renew them`)
  else if (alive.length < certificates.length) findings.warn(path, `a certificate in ${file} has expired`)
  for (const { validToDate } of alive) warnNearExpiry(path, file, validToDate, findings)
  if (certificates.some(({ ca }) => !ca)) {
    findings.warn(path, `a certificate in ${file} is no authority (CA:TRUE is missing), so it vouches for nobody`)
  }
}

function readCertificates(path: Path, file: string, findings: Findings): X509Certificate[] {
  const pem = read(path, file, findings)
  if (pem === null) return []
  try {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block))
  } catch {
    // A block that is no certificate is told like a file that has none.
  }
  findings.problem(path, `${file} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)`)
  return []
}

function checkPublicKey(path: Path, file: string, findings: Findings): void {
  const pem = read(path, file, findings)
  if (pem === null) return
  if (pem.includes('PRIVATE KEY-----')) {
    const out = `openssl pkey -in ${file} -pubout`
    findings.problem(path, `${file} holds a private key: a gate that only verifies must not have it; ${out}`)
    return
  }
  try {
    const key = createPublicKey(pem)
    const bits = key.asymmetricKeyDetails?.modulusLength ?? LEAST_RSA_BITS
    if (bits < LEAST_RSA_BITS)
      findings.problem(path, `${file} holds an RSA key of ${bits} bits: at least ${LEAST_RSA_BITS}`)
  } catch {
    findings.problem(path, `${file} holds no public key in PEM form (-----BEGIN PUBLIC KEY-----)`)
  }
}

function checkJwks(path: Path, file: string, findings: Findings): void {
  const text = read(path, file, findings)
  if (text === null) return
  const keys = jwksKeys(text)
  if (keys === null) {
    findings.problem(path, `${file} is no JWK Set: wants {"keys": [ … ]} with at least one key (RFC 7517)`)
  } else if (keys.some((key) => 'd' in key || 'k' in key)) {
    findings.problem(path, `${file} holds a private or shared key: leave only the public keys in it`)
  }
}

function jwksKeys(text: string): object[] | null {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown }
    if (!Array.isArray(keys) || keys.length === 0) return null
    return keys.every((key) => typeof key === 'object' && key !== null) ? keys : null
  } catch {
    return null
  }
}

function checkRevocationFile(file: string, { issuers }: Pieces, findings: Findings): void {
  const path = ['revocations', 'file']
  const read = readRevocationFile(file)
  if ('problems' in read) {
    for (const problem of read.problems) findings.problem(path, problem)
    return
  }
  const unknown = read.entries.find(({ issuer }) => issuer !== undefined && !issuers.has(issuer))?.issuer
  if (unknown === undefined) return
  const hint = didYouMean(unknown, issuers.keys())
  findings.warn(path, `${file} names the issuer ${quoted(unknown, 80)}, which is not under "issuers"${hint}`)
}

function checkRecordsFile(path: Path, file: string, findings: Findings): void {
  const directory = statSync(dirname(file), { throwIfNoEntry: false })
  if (!directory?.isDirectory()) findings.problem(path, `the directory ${dirname(file)} does not exist: mkdir it`)
  else if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) findings.problem(path, `${file} is a directory`)
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}
