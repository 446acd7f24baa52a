import { X509Certificate } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname, join } from 'node:path'
import type { Root } from '../doctor/root.ts'
import { mayRead, type VerifiedSetUp } from '../init/take-over.ts'
import type { Authority } from '../pki/authority.ts'
import {
  makePrivateFolder,
  PRIVATE_FILE,
  PUBLIC_FILE,
  readIfThere,
  readPrivateIfThere,
  replaceFile,
} from '../pki/files.ts'
import { type ClientPaths, statePaths } from './paths.ts'
import { keepToken } from './start-clients.ts'
import { keepLeaf, makeAuthority, makeSecrets, readAuthority } from './state.ts'

/** Nothing takes a signed token back before its end, and docker cannot renew it: as long as "dockgate token" allows. */
const TOKEN_MS = 30 * 24 * 60 * 60 * 1000
const RENEW_MS = TOKEN_MS / 2
/** For everybody to enter: keys have modes of their own. */
const OPEN_FOLDER = 0o755

/** The user that the service runs as; null ids: it is not there yet, or this program may not give files away. */
export interface Service {
  readonly uid: number | null
  readonly gid: number | null
}

/** Gives a key to the service, which must own it: a gate takes no key that a group or everybody may read. */
function giveKey(path: string, { uid, gid }: Service): void {
  if (uid !== null && gid !== null) chownSync(path, uid, gid)
}

/** Makes the authority, its list, and a server certificate for these names where what is there does not do. */
export function makeServer(folder: string, names: readonly string[], service: Service): Authority {
  makeAuthority(folder)
  const authority = readAuthority(folder)
  const { server } = statePaths(folder)
  mkdirSync(dirname(server.certificate), { recursive: true })
  chmodSync(dirname(server.certificate), OPEN_FOLDER)
  const made = keepLeaf(server, authority, (options) => authority.issueServer({ names, ...options }))
  if (!made && !isFor(readFileSync(server.certificate, 'utf8'), names)) {
    const key = readPrivateIfThere(server.key)
    const issued = authority.issueServer(key === null ? { names } : { names, key })
    replaceFile(server.certificate, issued.certificate, PUBLIC_FILE)
  }
  giveKey(server.key, service)
  return authority
}

function isFor(pem: string, names: readonly string[]): boolean {
  const certificate = new X509Certificate(pem)
  return names.every((name) =>
    isIP(name) === 0
      ? certificate.subjectAltName?.split(', ').includes(`DNS:${name.toLowerCase()}`)
      : certificate.checkIP(name),
  )
}

/** Makes a person's certificate, with the file names that `docker --tlsverify` expects. */
export function makePerson(folder: string, authority: Authority, name: string): void {
  const client = personPaths(folder, name)
  keepLeaf(client, authority, (options) => authority.issueClient({ name, ...options }))
  if (readIfThere(client.authority) !== authority.certificate) {
    replaceFile(client.authority, authority.certificate, PUBLIC_FILE)
  }
}

/** Makes the key of tokens where it is missing, and for each person a docker client's config.json with a token. */
export async function makeTokens(folder: string, names: readonly string[]): Promise<void> {
  makeSecrets(folder)
  for (const name of names) {
    const request = { subject: name, claims: {}, lifetime: TOKEN_MS }
    await keepToken(folder, personPaths(folder, name), request, RENEW_MS)
  }
}

function personPaths(folder: string, name: string): ClientPaths {
  const client = statePaths(folder).client(name)
  makePrivateFolder(dirname(client.folder))
  makePrivateFolder(client.folder)
  return client
}

/** The paths of a listener's files, as dockgate.yaml names them. */
export interface ListenerFiles {
  readonly certificate: string
  readonly key: string
  readonly authority: string
}

/**
 * Takes the files of dockerd's TLS: by their own paths where the service may read them as they are, else as copies.
 * Certificate and key stay together, so that a renewal changes both or neither.
 */
export function takeTlsFiles(folder: string, root: Root, { files }: VerifiedSetUp, service: Service): ListenerFiles {
  const { certificate, key, authority } = files
  const own = isOwnKey(root, key, service) && mayRead(root, certificate, service.uid)
  const listener = own
    ? { certificate: root.outside(certificate), key: root.outside(key) }
    : copyPair(folder, root, files, service)
  if (mayRead(root, authority, service.uid)) return { ...listener, authority: root.outside(authority) }
  replaceFile(join(folder, 'clients-ca.pem'), readFileSync(root.outside(authority), 'utf8'), PUBLIC_FILE)
  return { ...listener, authority: 'clients-ca.pem' }
}

function isOwnKey(root: Root, key: string, { uid }: Service): boolean {
  const facts = root.facts(key)
  return facts !== null && facts.uid === uid && (facts.mode & 0o077) === 0 && mayRead(root, key, uid)
}

function copyPair(folder: string, root: Root, files: VerifiedSetUp['files'], service: Service) {
  const { server } = statePaths(folder)
  mkdirSync(dirname(server.key), { recursive: true })
  chmodSync(dirname(server.key), OPEN_FOLDER)
  replaceFile(server.key, readFileSync(root.outside(files.key), 'utf8'), PRIVATE_FILE)
  replaceFile(server.certificate, readFileSync(root.outside(files.certificate), 'utf8'), PUBLIC_FILE)
  giveKey(server.key, service)
  return { certificate: 'server/cert.pem', key: 'server/key.pem' }
}
