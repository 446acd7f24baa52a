import { chmodSync, chownSync, existsSync, lstatSync, readFileSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import net from 'node:net'
import { dirname } from 'node:path'
import { type Address, parseAddress } from '../config/address.ts'
import type { ListenerConfig } from '../config/schema.ts'

const SOCKET_MODE = 0o660

/** Where to listen; `mode` and `group` are of a unix socket. */
type Place = Pick<ListenerConfig, 'address' | 'mode' | 'group'>

/**
 * Makes the server listen where its configuration says, and returns the bound address as a URL
 * (`tcp://host:port` or `unix:///path`, as the docker client writes them).
 *
 * @throws Error with a message for the operator: port taken, not permitted, something else at the socket's path
 */
export async function bind(server: Server, config: Place): Promise<string> {
  const address = parseAddress(config.address)
  if (address === null) throw new Error(`listener ${config.address}: not an address`)
  if (address.kind === 'unix') await clearPath(address.path)
  await listen(server, address).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`listener ${config.address}: ${explain(error)}`, { cause: error })
  })
  setRights(config)
  if (address.kind === 'unix') return `unix://${address.path}`
  const bound = server.address() as net.AddressInfo
  return `tcp://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
}

/**
 * Gives a unix socket the group and mode of its configuration.
 *
 * @throws Error with a message for the operator: no such group, not permitted
 */
export function setRights({ address: text, group, mode }: Place): void {
  const address = parseAddress(text)
  if (address?.kind !== 'unix') return
  if (group !== undefined) chownSync(address.path, process.getuid?.() ?? 0, groupId(group))
  chmodSync(address.path, mode ?? SOCKET_MODE)
}

function listen(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    // Nobody may connect between bind and chmod: the socket is born closed to all but its owner.
    const umask = address.kind === 'unix' ? process.umask(0o177) : null
    server.once('error', reject)
    const options = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
    if (umask !== null) process.umask(umask)
  })
}

/** Removes a socket that a dead process left behind; anything else at the path stays and is an error. */
async function clearPath(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    // Binding would say that it is not permitted.
    if (existsSync(dirname(path))) return
    throw new Error(`listener unix://${path}: the folder ${dirname(path)} does not exist: mkdir it`)
  }
  if (!found.isSocket()) throw new Error(`listener unix://${path}: something that is no socket is there; move it away`)
  if (!(await isAbandoned(path))) throw new Error(`listener unix://${path}: another process is listening there`)
  unlinkSync(path)
}

/** Only a refused connection shows that nobody listens: a busy process answers EAGAIN, and may come back. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED' || code === 'ENOENT'))
  })
}

function groupId(group: string): number {
  const number = Number(group)
  if (Number.isSafeInteger(number) && number >= 0) return number
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const [name, , id] = line.split(':')
    if (name === group && id !== undefined) return Number(id)
  }
  throw new Error(`group ${JSON.stringify(group)} does not exist on this machine`)
}

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the address is taken by another process; stop it or choose another port'
    case 'EACCES':
    case 'EPERM':
      return 'not permitted; ports below 1024 and system folders need more rights'
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address'
    default:
      return error.message
  }
}
