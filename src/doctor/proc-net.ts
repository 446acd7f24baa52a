import type { Root } from './root.ts'

/** State 0A of a TCP socket (include/net/tcp_states.h). */
const LISTEN = '0A'

/** A TCP socket that listens. */
export interface Listening {
  /** `0.0.0.0`, or an IPv6 address with all of its groups. */
  readonly host: string
  readonly port: number
  /** Names of the processes that hold it (proc_pid_comm(5)); empty when they cannot be seen. */
  readonly owners: readonly string[]
}

/** Reads what listens in the network namespace that the program is in. */
export function readListening(root: Root): readonly Listening[] {
  const sockets = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => parseProcNet(root.read(path) ?? ''))
  if (sockets.length === 0) return []
  const owners = ownersOf(root, new Set(sockets.map(({ inode }) => inode)))
  return sockets.map(({ host, port, inode }) => ({ host, port, owners: owners.get(inode) ?? [] }))
}

/** Reads the listening sockets of a table as /proc/net/tcp and /proc/net/tcp6 have it (proc_pid_net(5)). */
export function parseProcNet(text: string): readonly { host: string; port: number; inode: string }[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      const host = hostOf(address)
      if (state !== LISTEN || inode === undefined || host === null || !/^[0-9A-F]{4}$/.test(port)) return []
      return [{ host, port: Number.parseInt(port, 16), inode }]
    })
}

/** Each group of eight digits is a number in the byte order of the machine, which is little-endian wherever Node runs on Linux but on s390x. */
function hostOf(digits: string): string | null {
  if (!/^([0-9A-F]{8}|[0-9A-F]{32})$/.test(digits)) return null
  const bytes = (digits.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse())
  if (bytes.length === 4) return bytes.join('.')
  const groups: string[] = []
  for (let at = 0; at < bytes.length; at += 2) {
    groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16))
  }
  return groups.join(':')
}

/** Goes through /proc/PID/fd as far as it may be read. */
function ownersOf(root: Root, inodes: ReadonlySet<string>): ReadonlyMap<string, string[]> {
  const owners = new Map<string, string[]>()
  for (const pid of root.list('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    const held = heldBy(root, pid).filter((inode) => inodes.has(inode))
    if (held.length === 0) continue
    const name = (root.read(`/proc/${pid}/comm`) ?? '').trim()
    for (const inode of new Set(held)) owners.set(inode, [...(owners.get(inode) ?? []), name])
  }
  return owners
}

function heldBy(root: Root, pid: string): string[] {
  return root.list(`/proc/${pid}/fd`).flatMap((fd) => {
    const target = root.link(`/proc/${pid}/fd/${fd}`)
    const inode = target === null ? null : /^socket:\[([0-9]+)\]$/.exec(target)
    return inode?.[1] === undefined ? [] : [inode[1]]
  })
}
