import { type Authority, createAuthority, type Issued, loadAuthority, readCertificate } from '../pki/authority.ts'
import { PkiError } from '../pki/errors.ts'
import {
  makePrivateFolder,
  PRIVATE_FILE,
  PUBLIC_FILE,
  readIfThere,
  readPrivateIfThere,
  replaceFile,
  writeNewFile,
} from '../pki/files.ts'
import { readCertificateKey } from '../pki/keys.ts'
import { keepRevocationList, recordIssued } from '../pki/register.ts'
import { createTokenKey, publicTokenKey } from '../pki/token.ts'
import { statePaths } from './paths.ts'

/** A leaf certificate is made again when its end is this near. */
const RENEW_MS = 30 * 24 * 60 * 60 * 1000

/**
 * Reads the authority of a state folder; what it issues is entered in the folder's index.
 * Throws PkiError when there is none, or its key may be read by others.
 */
export function readAuthority(folder: string): Authority {
  const { authority: path, authorityKey: keyPath, register } = statePaths(folder)
  const certificate = readIfThere(path)
  const key = readPrivateIfThere(keyPath)
  if (certificate === null || key === null) throw missing(folder, 'certificate authority', 'dockgate cert ca')
  const authority = loadAuthority(certificate, key)
  const entered = (issued: Issued) => {
    recordIssued(register, issued.certificate)
    return issued
  }
  return {
    ...authority,
    issueServer: (options) => entered(authority.issueServer(options)),
    issueClient: (options) => entered(authority.issueClient(options)),
  }
}

/** Reads the private key that signs local tokens (PEM). Throws PkiError as `readAuthority` does. */
export function readTokenKey(folder: string): string {
  const key = readPrivateIfThere(statePaths(folder).tokenKey)
  if (key === null) throw missing(folder, 'token key', 'dockgate start')
  return key
}

/** Makes the authority and the token key where they are missing; returns what it made, for the person to read. */
export function makeSecrets(folder: string): string[] {
  makePrivateFolder(folder)
  return [...makeAuthority(folder), ...makeTokenKey(folder)]
}

/**
 * Makes the authority where it is missing, and its revocation list; returns what it made. The key is written first: one
 * without a certificate is what was broken off. Throws PkiError.
 */
export function makeAuthority(folder: string, options: Parameters<typeof createAuthority>[0] = {}): string[] {
  const { authority: path, authorityKey: keyPath, register } = statePaths(folder)
  const key = readPrivateIfThere(keyPath)
  const isThere = readIfThere(path) !== null
  if (isThere && key === null) {
    throw new PkiError(`${keyPath} is missing beside ${path}; put it back, or remove both and what they issued`)
  }
  if (!isThere) {
    const made = createAuthority(key === null ? options : { ...options, key })
    if (key === null) writeNewFile(keyPath, made.key, PRIVATE_FILE)
    writeNewFile(path, made.certificate, PUBLIC_FILE)
  }
  keepRevocationList(register, readAuthority(folder), new Date())
  return isThere ? [] : [path]
}

function makeTokenKey(folder: string): string[] {
  const { tokenKey: path, tokenPublicKey: publicPath } = statePaths(folder)
  const present = readPrivateIfThere(path)
  const key = present ?? createTokenKey()
  if (present === null) writeNewFile(path, key, PRIVATE_FILE)
  // The public half of a key that is gone verifies nothing any more.
  if (present === null || readIfThere(publicPath) === null) replaceFile(publicPath, publicTokenKey(key), PUBLIC_FILE)
  return present === null ? [path] : []
}

/**
 * Issues a leaf when there is none, and again for the same key when its end is near; returns whether it did.
 * Throws PkiError, and changes nothing, when what is there is not of this authority or certificate and key differ.
 */
export function keepLeaf(
  files: { readonly certificate: string; readonly key: string },
  authority: Authority,
  issue: (options: { key?: string }) => Issued,
): boolean {
  const certificate = readIfThere(files.certificate)
  const key = readPrivateIfThere(files.key)
  if (certificate !== null && endOfOwn(files, certificate, key, authority) - Date.now() > RENEW_MS) return false
  const issued = issue(key === null ? {} : { key })
  if (key === null) writeNewFile(files.key, issued.key, PRIVATE_FILE)
  replaceFile(files.certificate, issued.certificate, PUBLIC_FILE)
  return true
}

/** The end of a certificate that this authority issued for this key, as milliseconds since the epoch. Throws PkiError. */
function endOfOwn(
  files: { readonly certificate: string; readonly key: string },
  pem: string,
  key: string | null,
  authority: Authority,
): number {
  if (key === null) {
    throw new PkiError(`${files.key} is missing beside ${files.certificate}; put it back, or remove the certificate`)
  }
  const certificate = readCertificate(pem, files.certificate)
  const signer = readCertificate(authority.certificate, "the authority's certificate")
  if (!certificate.checkIssued(signer) || !certificate.verify(signer.publicKey)) {
    throw new PkiError(
      `${files.certificate} is not of the authority in this folder; remove it and its key to have new ones made, or keep them elsewhere and name them in dockgate.yaml`,
    )
  }
  if (!certificate.checkPrivateKey(readCertificateKey(key, files.key))) {
    throw new PkiError(`${files.key} does not belong to ${files.certificate}; remove both to have new ones made`)
  }
  return Date.parse(certificate.validTo)
}

function missing(folder: string, what: string, command: string): PkiError {
  return new PkiError(`${folder} holds no ${what}; "${command} --state ${folder}" makes one`)
}
