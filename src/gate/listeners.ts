import { parseAddress, parseListenerAddress } from '../config/address.ts'
import type { ListenerConfig } from '../config/schema.ts'
import type { Gate } from './gate.ts'
import { type Listener, openListener } from './listener.ts'

/** All listeners of the gate. */
export interface Listeners {
  /** Those of the configuration that is in force, in its order. */
  readonly bound: readonly Listener[]
  /**
   * Binds what a changed configuration adds. What it removes in the same place stops listening first, and is bound again
   * when something fails.
   *
   * @param before the gate that is in force; null at the start
   * @returns the change itself, which cannot fail: listeners that stay go over to the new gate, those that are removed
   *   drain; the lines for the operator tell which
   * @throws Error (as a rejection) with a message for the operator
   */
  prepare(gate: Gate, configs: readonly ListenerConfig[], before: Gate | null): Promise<() => readonly string[]>
  /** No connection is taken any more, and idle ones end. */
  drain(): void
  /** Ends every connection. */
  close(): Promise<void>
}

export function createListeners(warn: (line: string) => void): Listeners {
  let bound: readonly Listener[] = []
  /** Removed, with connections that are not over. */
  const leaving = new Set<Listener>()

  function leave(listener: Listener): void {
    leaving.add(listener)
    void listener.closed.then(() => leaving.delete(listener))
    listener.drain()
  }

  /** What had to make room is bound again. */
  async function restore(stopped: readonly Listener[], gate: Gate): Promise<void> {
    for (const listener of stopped) {
      leave(listener)
      try {
        const again = await openListener({ gate, listener: listener.config() }, warn)
        bound = bound.map((one) => (one === listener ? again : one))
      } catch (error) {
        bound = bound.filter((one) => one !== listener)
        warn(`ERROR: ${(error as Error).message}; nothing listens there until the next reload`)
      }
    }
  }

  return {
    get bound() {
      return bound
    },

    async prepare(gate, configs, before) {
      const kept = match(bound, configs)
      const removed = bound.filter((listener) => ![...kept.values()].includes(listener))
      const added = configs.filter((config) => !kept.has(config))
      const inTheWay = removed.filter((listener) => added.some((config) => isInTheWay(listener, config)))
      const opened = new Map<ListenerConfig, Listener>()
      for (const listener of inTheWay) listener.stop()
      try {
        for (const config of added) opened.set(config, await openListener({ gate, listener: config }, warn))
      } catch (error) {
        for (const listener of opened.values()) listener.destroy()
        await Promise.all([...opened.values()].map(({ closed }) => closed))
        if (before !== null) await restore(inTheWay, before)
        throw error
      }
      return () => {
        for (const [listener, one] of kept) one.become({ gate, listener })
        bound = configs.flatMap((config) => kept.get(config) ?? opened.get(config) ?? [])
        for (const listener of removed) leave(listener)
        return [
          ...removed.map((listener) => `no longer listening on ${described(listener)}`),
          ...[...opened.values()].map((listener) => `listening on ${described(listener)}`),
        ]
      }
    },

    drain() {
      for (const listener of bound) listener.drain()
    },

    async close() {
      const all = [...bound, ...leaving]
      for (const listener of all) listener.destroy()
      await Promise.all(all.map(({ closed }) => closed))
    },
  }
}

/** `tcp://127.0.0.1:2375 (ci)` */
function described(listener: Pick<Listener, 'url' | 'config'>): string {
  const { name } = listener.config()
  return `${listener.url}${listener.url.endsWith(name) ? '' : ` (${name})`}`
}

/** Which listener goes on as what: first by name and address, then by address alone, where that says which one is meant. */
function match(bound: readonly Listener[], configs: readonly ListenerConfig[]): Map<ListenerConfig, Listener> {
  const matched = new Map<ListenerConfig, Listener>()
  const free = new Set(bound)
  const pair = (isSame: (one: ListenerConfig, other: ListenerConfig) => boolean) => {
    for (const config of configs) {
      if (matched.has(config)) continue
      const found = [...free].find((listener) => isSame(listener.config(), config) && listener.canBecome(config))
      if (found === undefined) continue
      free.delete(found)
      matched.set(config, found)
    }
  }
  pair((one, other) => one.address === other.address && one.name === other.name)
  pair((one, other) => one.address === other.address && !other.address.endsWith(':0'))
  return matched
}

/**
 * Whether the other could not listen beside it, and can when it stops: the same socket, or the same TCP port on whatever
 * address. A socket of systemd's stays open there, and here it could never be bound again.
 */
function isInTheWay({ url, config }: Listener, other: ListenerConfig): boolean {
  if (parseListenerAddress(config().address)?.kind === 'inherited') return false
  const bound = parseAddress(url.startsWith('tcp://') ? url.slice('tcp://'.length) : url)
  const wanted = parseAddress(other.address)
  if (bound?.kind === 'unix') return wanted?.kind === 'unix' && bound.path === wanted.path
  return bound?.kind === 'tcp' && wanted?.kind === 'tcp' && bound.port === wanted.port
}
