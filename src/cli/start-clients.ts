import { PkiError } from '../pki/errors.ts'
import {
  makePrivateFolder,
  PRIVATE_FILE,
  PUBLIC_FILE,
  readIfThere,
  readPrivateIfThere,
  replaceFile,
} from '../pki/files.ts'
import { localTokenEnd, signToken, type TokenRequest } from '../pki/token.ts'
import { type ClientPaths, statePaths } from './paths.ts'
import { keepLeaf, readAuthority, readTokenKey } from './state.ts'

const TOKEN_MS = 12 * 60 * 60 * 1000
/** A token is made again when less than this is left of it. */
const RENEW_MS = 60 * 60 * 1000

/** The three callers that `start` makes ready: one with a certificate, two with a token in a docker client's config folder. */
export interface Clients {
  readonly ops: ClientPaths
  readonly ci: ClientPaths
  readonly observer: ClientPaths
}

/** Makes or renews the clients of a state folder. Throws PkiError when a file is not as it must be. */
export async function makeClients(folder: string): Promise<Clients> {
  const { client } = statePaths(folder)
  const clients = { ops: client('ops'), ci: client('ci'), observer: client('observer') }
  const authority = readAuthority(folder)
  makePrivateFolder(clients.ops.folder)
  keepLeaf(clients.ops, authority, (options) => authority.issueClient({ name: 'ops', ...options }))
  if (readIfThere(clients.ops.authority) !== authority.certificate) {
    replaceFile(clients.ops.authority, authority.certificate, PUBLIC_FILE)
  }
  for (const role of ['ci', 'observer'] as const) {
    const request = { subject: `local ${role}`, claims: { role }, lifetime: TOKEN_MS }
    await keepToken(folder, clients[role], request, RENEW_MS)
  }
  return clients
}

/** Keeps a good token in a docker client's config.json, made again when less than `renew` ms is left; whatever else the client keeps there stays. */
export async function keepToken(
  folder: string,
  { folder: own, config }: ClientPaths,
  request: TokenRequest,
  renew: number,
): Promise<void> {
  makePrivateFolder(own)
  const key = readTokenKey(folder)
  const content = readConfig(config)
  const headers = isObject(content.HttpHeaders) ? content.HttpHeaders : {}
  const end = await localTokenEnd(key, String(headers.Authorization).replace(/^Bearer /, ''))
  if (end !== null && end.getTime() - Date.now() > renew) return
  const { token } = await signToken(key, request)
  const renewed = { ...content, HttpHeaders: { ...headers, Authorization: `Bearer ${token}` } }
  replaceFile(config, `${JSON.stringify(renewed, null, 2)}\n`, PRIVATE_FILE)
}

function readConfig(path: string): Record<string, unknown> {
  const text = readPrivateIfThere(path)
  if (text === null) return {}
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // The same error as for JSON of another kind.
  }
  throw new PkiError(`${path} is not a docker client's configuration (a JSON object); remove it to have a new one made`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
