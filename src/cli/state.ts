import { isAbsolute, join, relative } from 'node:path'
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
import { createTokenKey, publicTokenKey } from '../pki/token.ts'

/** Where `start` keeps what it makes, and where `token` and `cert` find it. */
export const STATE_FOLDER = '.dockgate'

/** A leaf certificate is made again when its end is this near. */
const RENEW_MS = 30 * 24 * 60 * 60 * 1000

/** The paths inside a state folder. Client folders have the file names that `docker --tlsverify` expects. */
export function statePaths(folder: string) {
  return {
    authority: join(folder, 'ca.pem'),
    authorityKey: join(folder, 'ca-key.pem'),
    server: { certificate: join(folder, 'server', 'cert.pem'), key: join(folder, 'server', 'key.pem') },
    tokenKey: join(folder, 'token-key.pem'),
    tokenPublicKey: join(folder, 'token-key.pub.pem'),
    config: join(folder, 'dockgate.yaml'),
    records: join(folder, 'records.jsonl'),
    demoSocket: join(folder, 'demo.sock'),
    client: (name: string) => clientPaths(join(folder, 'clients', name)),
  }
}

/** The files of one client, as `DOCKER_CERT_PATH` and `DOCKER_CONFIG` want them. */
export function clientPaths(folder: string) {
  return {
    folder,
    authority: join(folder, 'ca.pem'),
    certificate: join(folder, 'cert.pem'),
    key: join(folder, 'key.pem'),
    config: join(folder, 'config.json'),
  }
}

/** Reads the authority of a state folder. Throws PkiError when there is none, or its key may be read by others. */
export function readAuthority(folder: string): Authority {
  const paths = statePaths(folder)
  const certificate = readIfThere(paths.authority)
  const key = readPrivateIfThere(paths.authorityKey)
  if (certificate === null || key === null) throw missing(folder, 'certificate authority')
  return loadAuthority(certificate, key)
}

/** Reads the private key that signs local tokens (PEM). Throws PkiError as `readAuthority` does. */
export function readTokenKey(folder: string): string {
  const key = readPrivateIfThere(statePaths(folder).tokenKey)
  if (key === null) throw missing(folder, 'token key')
  return key
}

/** Makes the authority and the token key where they are missing; returns what it made, for the person to read. */
export function makeSecrets(folder: string): string[] {
  const paths = statePaths(folder)
  const made: string[] = []
  makePrivateFolder(folder)
  if (readIfThere(paths.authority) === null && readPrivateIfThere(paths.authorityKey) === null) {
    const authority = createAuthority()
    writeNewFile(paths.authorityKey, authority.key, PRIVATE_FILE)
    writeNewFile(paths.authority, authority.certificate, PUBLIC_FILE)
    made.push(paths.authority)
  }
  if (readPrivateIfThere(paths.tokenKey) === null) {
    writeNewFile(paths.tokenKey, createTokenKey(), PRIVATE_FILE)
    made.push(paths.tokenKey)
  }
  if (readIfThere(paths.tokenPublicKey) === null) {
    writeNewFile(paths.tokenPublicKey, publicTokenKey(readTokenKey(folder)), PUBLIC_FILE)
  }
  return made
}

/** Writes a leaf when there is none, its end is near, or it is not of this authority; returns whether it did. */
export function keepLeaf(
  files: { readonly certificate: string; readonly key: string },
  authority: Authority,
  issue: () => Issued,
): boolean {
  const present = readIfThere(files.certificate)
  if (present !== null && readPrivateIfThere(files.key) !== null && isGood(present, authority)) return false
  const { certificate, key } = issue()
  replaceFile(files.key, key, PRIVATE_FILE)
  replaceFile(files.certificate, certificate, PUBLIC_FILE)
  return true
}

function isGood(pem: string, authority: Authority): boolean {
  const certificate = readCertificate(pem, 'the certificate')
  const signer = readCertificate(authority.certificate, "the authority's certificate")
  return Date.parse(certificate.validTo) - Date.now() > RENEW_MS && certificate.checkIssued(signer)
}

function missing(folder: string, what: string): PkiError {
  return new PkiError(`${folder} holds no ${what}; "dockgate start --state ${folder}" makes one`)
}

/** A path as one would type it here. */
export function typed(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') || isAbsolute(near) ? path : near
}

/** How this very program is called: from a checkout by its source, otherwise by its name. */
export function ownCommand(): string {
  const [, script = ''] = process.argv
  return script.endsWith('.ts') ? `${typed(process.execPath)} ${typed(script)}` : 'dockgate'
}
