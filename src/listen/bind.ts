import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, lstatSync, readFileSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import net from 'node:net'
import { dirname } from 'node:path'
import { type Address, isLoopback, parseAddress, parseListenerAddress } from '../config/address.ts'
import type { ListenerConfig } from '../config/schema.ts'
import { type Inherited, inherited, unixPath } from './inherited.ts'

const SOCKET_MODE = 0o660

/** Where to listen; `mode` and `group` are of a unix socket, `tls` says whether the server speaks it. */
type Place = Pick<ListenerConfig, 'address' | 'mode' | 'group'> & { readonly tls?: ListenerConfig['tls'] }

/**
 * Makes the server listen where its configuration says, and returns the bound address as a URL
 * (`tcp://host:port` or `unix:///path`, as the docker client writes them).
 *
 * @param sockets those that were passed to this process, for an address `fd://NAME`
 * @throws Error with a message for the operator: port taken, not permitted, something else at the socket's path, no such
 *   socket passed, or one that the configuration does not fit
 */
export async function bind(server: Server, config: Place, sockets: Inherited = inherited()): Promise<string> {
  const address = parseListenerAddress(config.address)
  if (address === null) throw new Error(`listener ${config.address}: not an address`)
  if (address.kind === 'inherited') return listenInherited(server, config, () => sockets.take(address.name))
  if (address.kind === 'unix') await clearPath(address.path)
  await listen(server, address).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`listener ${config.address}: ${explain(error)}`, { cause: error })
  })
  setRights(config)
  return address.kind === 'unix' ? `unix://${address.path}` : tcpUrl(server.address() as net.AddressInfo)
}

function tcpUrl({ family, address, port }: net.AddressInfo): string {
  return `tcp://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** Listens on a descriptor that was passed. Its address shows only now, so what `check` says of others is said here. */
async function listenInherited(server: Server, { address, tls }: Place, take: () => number): Promise<string> {
  try {
    const fd = take()
    const ready = once(server, 'listening')
    // What fails before it is waited for must not count as unhandled.
    ready.catch(() => {})
    server.listen({ fd })
    // Before anything is waited for, and so before a connection is accepted.
    const bound = server.address() as net.AddressInfo | null
    const problem = server.listening ? misfit(bound, tls !== undefined) : null
    if (problem !== null) throw new Error(problem)
    await ready
    return bound === null ? `unix://${unixPath(fd) ?? ''}` : tcpUrl(bound)
  } catch (error) {
    throw new Error(`listener ${address}: ${explainInherited(error as NodeJS.ErrnoException)}`, { cause: error })
  }
}

/** What of an inherited socket does not fit the configuration. One without an IP address is a unix socket. */
function misfit(bound: net.AddressInfo | null, hasTls: boolean): string | null {
  if (bound === null)
    return hasTls ? 'the socket that was passed is a unix socket, which takes no TLS; remove tls' : null
  if (hasTls || isLoopback(bound.address)) return null
  const what = `the socket that was passed is ${tcpUrl(bound)}: plain TCP there would carry tokens over the network in the clear`
  return `${what}; add tls: {certificate, key}, or a ListenStream= on 127.0.0.1 or a path`
}

function explainInherited(error: NodeJS.ErrnoException): string {
  if (error.code !== 'EINVAL' && error.code !== 'ERR_INVALID_FD_TYPE') return error.message
  return 'what was passed is no listening stream socket; wants ListenStream= and no Accept=yes in the .socket unit'
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
