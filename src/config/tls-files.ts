import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import type { Findings } from './findings.ts'
import { readTextFile } from './read-file.ts'
import type { ListenerConfig } from './schema.ts'

const NEAR_EXPIRY_DAYS = 30
const DAY_MS = 86_400_000
/** Read or write by the group or by others. */
const OPEN_TO_OTHERS = 0o066

type Path = readonly PropertyKey[]

/** What a listener shows and trusts, as PEM. */
export interface TlsFiles {
  readonly certificate: string
  readonly key: string
  readonly clientAuthorities: readonly string[]
}

/** A file of certificates. */
interface Bundle {
  readonly pem: string
  readonly certificates: readonly X509Certificate[]
}

/**
 * Reads the files of a listener, each once, and checks that they can be served: a certificate that is valid now, its key,
 * which nobody else may read, and authorities of which one at least is alive. Null after a problem.
 *
 * @param path where `tls` stands in the configuration
 * @param at makes a file's path absolute
 */
export function readTlsFiles(
  path: Path,
  tls: NonNullable<ListenerConfig['tls']>,
  at: (file: string) => string,
  findings: Findings,
): TlsFiles | null {
  const certificate = readServerCertificate([...path, 'certificate'], at(tls.certificate), findings)
  const key = readPrivateKey([...path, 'key'], at(tls.key), findings)
  const fits = certificate !== null && key !== null && certificate.leaf.checkPrivateKey(key.key)
  if (certificate && key && !fits) {
    findings.problem([...path, 'key'], `${at(tls.key)} is not the key of ${at(tls.certificate)}`)
  }
  const files = (tls.clientAuthorities ?? []).map(at)
  const authorities = readAuthorityFiles([...path, 'clientAuthorities'], files, findings)
  if (!fits || !authorities) return null
  return { certificate: certificate.pem, key: key.pem, clientAuthorities: authorities.map(({ pem }) => pem) }
}

/**
 * Reads bundles of authorities and checks that each holds one that is alive. Bundles keep what is past its time for
 * years: that is a word, and a refusal when nothing else is left. Null after a problem.
 */
export function readAuthorityFiles(path: Path, files: readonly string[], findings: Findings): readonly Bundle[] | null {
  const bundles = files.map((file, index) =>
    readAuthorities(files.length > 1 ? [...path, index] : path, file, findings),
  )
  return bundles.includes(null) ? null : (bundles as Bundle[])
}

function readAuthorities(path: Path, file: string, findings: Findings): Bundle | null {
  const read = readCertificates(path, file, findings)
  if (read === null) return null
  const now = Date.now()
  const alive = read.certificates.filter(({ validToDate }) => validToDate.getTime() > now)
  if (alive.length === 0) {
    findings.problem(path, `every certificate in ${file} has expired: renew them`)
    return null
  }
  if (alive.length < read.certificates.length) findings.warn(path, `a certificate in ${file} has expired`)
  for (const { validToDate } of alive) warnNearExpiry(path, file, validToDate, findings)
  if (read.certificates.some(({ ca }) => !ca)) {
    findings.warn(path, `a certificate in ${file} is no authority (CA:TRUE is missing), so it vouches for nobody`)
  }
  return read
}

function readServerCertificate(path: Path, file: string, findings: Findings) {
  const read = readCertificates(path, file, findings)
  const leaf = read?.certificates[0]
  if (!read || !leaf) return null
  const now = Date.now()
  const { validFromDate: from, validToDate: to } = leaf
  if (from.getTime() <= now && now < to.getTime()) {
    warnNearExpiry(path, file, to, findings)
    return { leaf, pem: read.pem }
  }
  const early = from.getTime() > now
  findings.problem(path, early ? `${file} is not valid before ${day(from)}` : `${file} expired on ${day(to)}: renew it`)
  return null
}

function warnNearExpiry(path: Path, file: string, to: Date, findings: Findings): void {
  const days = Math.floor((to.getTime() - Date.now()) / DAY_MS)
  if (days < NEAR_EXPIRY_DAYS) findings.warn(path, `${file} expires on ${day(to)}, in ${days} days: renew it`)
}

/** Reads a private key that is its owner's alone; null after a problem. */
export function readPrivateKey(path: Path, file: string, findings: Findings): { key: KeyObject; pem: string } | null {
  const pem = readTextFile(path, file, findings)
  if (pem === null) return null
  const mode = (statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o777
  if ((mode & OPEN_TO_OTHERS) !== 0) {
    const octal = mode.toString(8).padStart(4, '0')
    findings.problem(path, `${file} may be read or written by others than its owner (mode ${octal}): chmod 600 ${file}`)
  }
  try {
    const key = createPrivateKey(pem)
    return (mode & OPEN_TO_OTHERS) === 0 ? { key, pem } : null
  } catch {
    const encrypted = pem.includes('ENCRYPTED') ? 'is encrypted, and there is nobody to ask for the passphrase' : null
    findings.problem(path, `${file} ${encrypted ?? 'holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)'}`)
    return null
  }
}

/** Reads a file of certificates; null after a problem. */
export function readCertificates(path: Path, file: string, findings: Findings): Bundle | null {
  const pem = readTextFile(path, file, findings)
  if (pem === null) return null
  try {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
    if (blocks.length > 0) return { pem, certificates: blocks.map((block) => new X509Certificate(block)) }
  } catch {
    // A block that is no certificate is told like a file that has none.
  }
  findings.problem(path, `${file} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)`)
  return null
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}
