import { X509Certificate } from 'node:crypto'
import { appendFileSync, closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { type Authority, readCertificate } from './authority.ts'
import { PkiError } from './errors.ts'
import { isCode, PRIVATE_FILE, PUBLIC_FILE, readIfThere, replaceFile } from './files.ts'
import { type Revocation, type RevocationList, readRevocationLists, serialOf } from './revocation-list.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** The files beside an authority in which it is written what it issued, and what of that it took back. */
export interface RegisterFiles {
  /** PEM, one certificate after the other, in the order of issue. */
  readonly issued: string
  /** The signed revocation list, PEM. */
  readonly revoked: string
}

/** A certificate that the authority issued. */
export interface IssuedCertificate {
  readonly certificate: X509Certificate
  /** As `serialOf` writes it. */
  readonly serial: string
  /** Null while it is not revoked. */
  readonly revocation: Revocation | null
}

/** Enters a certificate (PEM) in the index of what was issued. */
export function recordIssued({ issued }: RegisterFiles, certificate: string): void {
  // One write at the end of the file: what others enter meanwhile stays whole.
  appendFileSync(issued, certificate, { mode: PRIVATE_FILE, flush: true })
}

/**
 * All that was issued, the oldest first. An entry that was broken off while it was written is left out: nobody was given
 * that certificate. Throws PkiError when a file cannot be read or the list is not the authority's.
 */
export function readRegister(files: RegisterFiles, authority: Authority): IssuedCertificate[] {
  const list = readList(files, authority)
  return ((readIfThere(files.issued) ?? '').match(CERTIFICATE) ?? []).flatMap((block) => {
    const certificate = asCertificate(block)
    if (certificate === null) return []
    const serial = serialOf(certificate)
    return [{ certificate, serial, revocation: list?.revoked.get(serial) ?? null }]
  })
}

/** Signs an empty list when there is none, so that a gate can name it from the first day. Throws PkiError. */
export function keepRevocationList(files: RegisterFiles, authority: Authority, now: Date): void {
  if (readIfThere(files.revoked) === null) revoke(files, authority, { serials: [], reason: 'unspecified', now })
}

export interface RevokeOptions {
  /** None: the list is only signed again. */
  readonly serials: readonly string[]
  readonly reason: Revocation['reason']
  readonly now: Date
  /** The authority's own end unless told: the list stays good until another one takes its place. */
  readonly nextUpdate?: Date | undefined
}

/**
 * Adds certificates to the authority's list and signs it; what was revoked before stays as it was.
 * Throws PkiError when the list there is not the authority's, or somebody else is changing it.
 */
export function revoke(files: RegisterFiles, authority: Authority, options: RevokeOptions): void {
  const { serials, reason, now, nextUpdate = authority.notAfter } = options
  alone(`${files.revoked}.lock`, () => {
    const before = readList(files, authority)
    const revoked = new Map(before?.revoked)
    for (const serial of serials) if (!revoked.has(serial)) revoked.set(serial, { at: now, reason })
    // Seconds, so that the numbers rise even when the file was lost in between.
    const number = Math.max(Number(before?.number ?? 0n) + 1, Math.floor(now.getTime() / 1000))
    replaceFile(files.revoked, authority.revocationList({ number, revoked, thisUpdate: now, nextUpdate }), PUBLIC_FILE)
  })
}

function readList({ revoked }: RegisterFiles, authority: Authority): RevocationList | null {
  if (readIfThere(revoked) === null) return null
  const signer = readCertificate(authority.certificate, "the authority's certificate")
  let lists: readonly RevocationList[]
  try {
    lists = readRevocationLists(readFileSync(revoked))
  } catch (error) {
    throw new PkiError(`${revoked} ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  const [list, ...more] = lists
  if (list === undefined || more.length > 0 || !list.isOf(signer)) {
    throw new PkiError(
      `${revoked} is not the list of this authority; put its own back, or remove it to begin a new one`,
    )
  }
  return list
}

/** Two that change the list at once would each forget what the other revoked. */
function alone(lock: string, act: () => void): void {
  try {
    closeSync(openSync(lock, 'wx', PRIVATE_FILE))
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
    throw new PkiError(`another "dockgate cert" is changing the revocation list; if none is, remove ${lock}`, {
      cause: error,
    })
  }
  try {
    act()
  } finally {
    rmSync(lock, { force: true })
  }
}

function asCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem)
  } catch {
    return null
  }
}
