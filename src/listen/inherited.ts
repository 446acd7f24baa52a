import { fstatSync, readFileSync } from 'node:fs'
import { didYouMean } from '../nearest.ts'
import { quoted } from '../text.ts'

/** sd_listen_fds(3): the first descriptor that is passed. */
const FIRST = 3
/** What the descriptor of a socket without a name is called (sd_listen_fds_with_names(3)). */
const UNNAMED = 'unknown'

/** The sockets that whoever started this process has opened for it (sd_listen_fds(3)). */
export interface Inherited {
  /** One for each descriptor, in their order; several may have the same. */
  readonly names: readonly string[]
  /**
   * Hands out the descriptor of that name, once: whoever listens on it closes it, and nothing opens it again.
   *
   * @throws Error with a message for the operator
   */
  take(name: string): number
  /** Those that nobody has taken: who connects to them waits for ever. */
  unused(): readonly string[]
}

/**
 * Reads and removes LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES, so that no child takes the sockets for its own. Variables
 * that are meant for another process count as none, as sd_listen_fds(3) has it.
 */
export function readInherited(env: NodeJS.ProcessEnv, pid: number): Inherited {
  const { LISTEN_FDS: count, LISTEN_PID: owner, LISTEN_FDNAMES: given } = env
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete env[name]
  const isOurs = owner === String(pid)
  const total = isOurs && /^[1-9][0-9]{0,3}$/.test(count ?? '') ? Number(count) : 0
  const words = given?.split(':') ?? []
  const names = Array.from({ length: total }, (_, index) => words[index] || UNNAMED)
  const why =
    count !== undefined && !isOurs ? `LISTEN_PID is ${quoted(owner ?? '', 20)} and this is process ${pid}` : null
  const taken = new Set<number>()

  return {
    names,
    take(name) {
      const found = names.flatMap((one, index) => (one === name ? [index] : []))
      const [index] = found
      if (index === undefined) throw new Error(missing(name, names, why))
      if (found.length > 1) {
        const out = 'write each ListenStream= into a .socket unit of its own with its own FileDescriptorName='
        throw new Error(`${found.length} sockets were passed with the name ${quoted(name)}; ${out}`)
      }
      if (taken.has(index)) {
        throw new Error(
          'the socket that systemd passed was handed out already and cannot be opened anew: restart dockgate',
        )
      }
      taken.add(index)
      return FIRST + index
    },
    unused: () => names.filter((_, index) => !taken.has(index)),
  }
}

let own: Inherited | null = null

/** The sockets of this process. The first call reads them, and removes the variables from its environment. */
export function inherited(): Inherited {
  own ??= readInherited(process.env, process.pid)
  return own
}

/** The path that a unix socket is bound to, by the table of the kernel (proc(5), /proc/net/unix); null when there is none. */
export function unixPath(descriptor: number): string | null {
  const inode = String(fstatSync(descriptor).ino)
  for (const line of readFileSync('/proc/net/unix', 'utf8').split('\n')) {
    const [, , , , , , number, ...words] = line.trim().split(/ +/)
    if (number === inode && words.length > 0) return words.join(' ')
  }
  return null
}

function missing(name: string, names: readonly string[], why: string | null): string {
  if (names.length === 0) {
    const none = 'no socket was passed to this process'
    return `${none}${why === null ? '' : ` (${why})`}: start dockgate by a .socket unit with FileDescriptorName=${name}`
  }
  const there = [...new Set(names)].map((one) => quoted(one)).join(', ')
  return `no socket with the name ${quoted(name)} was passed, but ${there}${didYouMean(name, names)}`
}
