import { dirname } from 'node:path'
import { makePrivateFolder, PRIVATE_FILE, PUBLIC_FILE, readPrivateIfThere, replaceFile } from '../pki/files.ts'
import { localTokenEnd, signToken } from '../pki/token.ts'
import { type clientPaths, keepLeaf, readAuthority, readTokenKey, statePaths } from './state.ts'

const TOKEN_MS = 12 * 60 * 60 * 1000
/** A token is made again when less than this is left of it. */
const RENEW_MS = 60 * 60 * 1000

type ClientPaths = ReturnType<typeof clientPaths>

/** The three callers that `start` makes ready: one with a certificate, two with a token in a docker client's config folder. */
export interface Clients {
  readonly ops: ClientPaths
  readonly ci: ClientPaths
  readonly observer: ClientPaths
}

/** Makes or renews the clients of a state folder. Throws PkiError when a file is not as it must be. */
export async function makeClients(folder: string): Promise<Clients> {
  const { client } = statePaths(folder)
  const authority = readAuthority(folder)
  const ops = client('ops')
  makePrivateFolder(ops.folder)
  replaceFile(ops.authority, authority.certificate, PUBLIC_FILE)
  keepLeaf(ops, authority, () => authority.issueClient({ name: 'ops' }))
  await keepToken(folder, client('ci'), 'ci')
  await keepToken(folder, client('observer'), 'observer')
  return { ops, ci: client('ci'), observer: client('observer') }
}

async function keepToken(folder: string, { config }: ClientPaths, role: string): Promise<void> {
  const key = readTokenKey(folder)
  makePrivateFolder(dirname(config))
  const end = await localTokenEnd(key, presentToken(config) ?? '')
  if (end !== null && end.getTime() - Date.now() > RENEW_MS) return
  const { token } = await signToken(key, { subject: `local ${role}`, claims: { role }, lifetime: TOKEN_MS })
  const content = { HttpHeaders: { Authorization: `Bearer ${token}` } }
  replaceFile(config, `${JSON.stringify(content, null, 2)}\n`, PRIVATE_FILE)
}

function presentToken(file: string): string | null {
  try {
    const content = JSON.parse(readPrivateIfThere(file) ?? '{}') as { HttpHeaders?: { Authorization?: string } }
    return content.HttpHeaders?.Authorization?.slice('Bearer '.length) ?? null
  } catch {
    // A file that cannot be read is made again.
    return null
  }
}
