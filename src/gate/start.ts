import { isDeepStrictEqual } from 'node:util'
import type { LoadedConfig } from '../config/load.ts'
import { createEngine, probeEngine } from '../forward/engine.ts'
import { createCounters } from './counters.ts'
import type { Gate } from './gate.ts'
import { judgeAgain } from './judge-again.ts'
import { createLimits } from './limits.ts'
import { createListeners } from './listeners.ts'
import { objectsPart } from './objects-part.ts'
import { createOpenExchanges } from './open.ts'
import { authenticatorPart, type Prepared, revocationsPart } from './parts.ts'
import { type Reaper, startReaper } from './reaper.ts'
import { recordsPart } from './records-part.ts'
import { createSessions, isWatching, REVOKED, SHUTTING_DOWN } from './sessions.ts'
import { createSurroundings } from './surroundings.ts'

export interface RunningGate {
  /** Where it listens, in the configuration's order; `url` as the docker client writes it, with the port that was bound. */
  readonly listeners: readonly { readonly name: string; readonly url: string }[]
  /** Whether connections are taken on every listener, as they are until it shuts down. */
  readonly isListening: boolean
  /**
   * Puts another configuration in the place of the one that is in force, as a whole. What was let in and is not over is
   * judged again. To be called again only when it has settled.
   *
   * @throws Error (as a rejection) with a message for the operator: then everything goes on as it was
   */
  reload(next: LoadedConfig): Promise<Reloaded>
  /**
   * Takes nothing new, lets what is under way come to its end for `shutdown.grace`, ends the rest with a message, and
   * closes. What somebody merely watches (events, statistics, logs that are followed) is not waited for.
   */
  shutDown(): Promise<void>
  /** Counts a changed configuration that was not put to use: `reload` rejected it, or it was not fit to be given to it. */
  noteRefusedReload(): void
  /** What may be seen of it, and done to it, from beside. To be called again each time: reloads change it. */
  inside(): Inside
  /** Stops listening, ends every connection, and writes out the records. */
  close(): Promise<void>
}

/** A gate as its operator sees it. */
export interface Inside {
  /** The configuration that is in force. */
  readonly loaded: LoadedConfig
  readonly gate: Pick<
    Gate,
    'authenticator' | 'counters' | 'engine' | 'generation' | 'records' | 'revocations' | 'sessions'
  >
  /** Connections that are open now, and how many may be. */
  readonly listeners: readonly { readonly name: string; readonly connections: number; readonly most: number }[]
  /** It takes nothing new any more. */
  readonly isClosing: boolean
}

/** What a reload came to. */
export interface Reloaded {
  /** The number of the configuration, as records have it. */
  readonly generation: number
  /** Lines for the operator: what is different, and what stays as it was until a restart. */
  readonly notes: readonly string[]
}

/** A client whose session is ended may take so long to read the message. */
const LAST_WORDS_MS = 1_000

/**
 * Starts the gate: all listeners or none.
 *
 * @throws Error with a message for the operator when a listener cannot be bound or the record file not be opened
 */
export async function startGate(first: LoadedConfig): Promise<RunningGate> {
  const engine = createEngine(first.config.engine.slice('unix://'.length))
  const sessions = createSessions()
  const open = createOpenExchanges()
  const counters = createCounters(sessions)
  const surroundings = createSurroundings(engine)
  const limits = createLimits()
  const listeners = createListeners(warn)
  const records = recordsPart()
  const objects = objectsPart(engine)
  const revocations = revocationsPart({ changed: endRevoked, warn })
  const authenticator = authenticatorPart({
    warn,
    distrust(socket, { reason }) {
      const text = 'the client certificate is not trusted any more'
      // A session ends with a message; a connection that only waits for its next request just ends.
      if (sessions.endWhere(({ connection }) => connection === socket, { reason, text }) === 0) socket.destroy()
    },
  })
  let newest: Gate | null = null
  let inForce = first
  let reaper: Reaper | null = null
  let reloading: Promise<unknown> | null = null

  function endRevoked(): void {
    const now = newest?.revocations
    sessions.endWhere(({ principal }) => principal !== null && now?.isRevoked(principal) === true, REVOKED)
  }

  async function configure(loaded: LoadedConfig): Promise<readonly string[]> {
    const { config, policy } = loaded
    const prepared: Prepared<unknown>[] = []
    const ready = async <T>(part: Prepared<T> | Promise<Prepared<T>>): Promise<T> => {
      const one = await part
      prepared.push(one)
      return one.value
    }
    try {
      const gate: Gate = {
        generation: (newest?.generation ?? 0) + 1,
        // On a listener that is new, requests may come just before the rest is in force.
        newest: () => (newest !== null && newest.generation > gate.generation ? newest : gate),
        records: await ready(records.prepare({ ...config.records, required: config.audit.required })),
        world: await ready(objects.prepare({ ledger: config.ledger, policy })),
        revocations: await ready(revocations.prepare(config.revocations)),
        authenticator: await ready(authenticator.prepare(config.issuers)),
        policy,
        roles: config.roles,
        engine,
        sessions,
        open,
        limits,
        counters,
        surroundings,
      }
      const before = newest
      const putInForce = () => {
        newest = gate
        inForce = loaded
        policy.errors.tell(warn)
        limits.configure(config.limits)
        for (const part of prepared.splice(0)) part.use()
      }
      // At the start, who comes in by the first listener finds the rest in force.
      if (before === null) putInForce()
      const changeListeners = await listeners.prepare(gate, config.listeners, before)
      // From here on nothing fails, and nothing waits: a request meets all of it, or nothing.
      if (before !== null) putInForce()
      const notes = changeListeners()
      if (gate.world !== null) reaper ??= startReaper(gate.world, gate.records, warn)
      const ended = sessions.review((exchange) => judgeAgain(gate, exchange))
      return ended > 0 ? [...notes, `sessions and requests that it no longer allows, and were ended: ${ended}`] : notes
    } catch (error) {
      for (const part of prepared) part.drop()
      throw error
    }
  }

  /** What can only be changed by a restart. */
  function unchangeable({ config }: LoadedConfig): string[] {
    const notes: string[] = []
    if (config.engine !== first.config.engine) notes.push(stays('engine', first.config.engine))
    const ledger = objects.ledgerFile()
    const socket = first.config.admin?.socket ?? 'absent'
    if ((config.admin?.socket ?? 'absent') !== socket) notes.push(stays('admin.socket', socket))
    if (!isDeepStrictEqual(boundOf(config), boundOf(first.config))) {
      notes.push(stays('admin.listener', first.config.admin?.listener?.address ?? 'absent'))
    }
    if (ledger !== null && config.ledger?.file !== ledger) notes.push(stays('ledger.file', ledger))
    return notes
  }

  let isClosing = false
  let closing: Promise<void> | null = null
  const close = () => {
    isClosing = true
    closing ??= closeAll()
    return closing
  }

  async function closeAll(): Promise<void> {
    await listeners.close()
    await open.over()
    const reaped = reaper?.close()
    await engine.close()
    await reaped
    limits.close()
    authenticator.close()
    revocations.close()
    objects.close()
    await records.close()
  }

  await configure(first).catch(async (error: unknown) => {
    await close()
    throw error
  })
  void probeEngine(engine).then((answered) => {
    if (!answered) warn(`warning: no Docker Engine answers at ${first.config.engine}; callers get 502 until one does`)
  })
  return {
    get listeners() {
      return listeners.bound.map(({ url, config }) => ({ name: config().name, url }))
    },
    get isListening() {
      return listeners.bound.length > 0 && listeners.bound.every((listener) => listener.isListening)
    },
    async reload(next) {
      const kept = unchangeable(next)
      const changing = configure(next)
      reloading = changing
      const notes = await changing
      counters.noteReload(true)
      return { generation: (newest as unknown as Gate).generation, notes: [...notes, ...kept] }
    },
    noteRefusedReload: () => counters.noteReload(false),
    async shutDown() {
      isClosing = true
      // Listeners that it adds must not be missed.
      await reloading?.catch(() => {})
      listeners.drain()
      await open.over((exchange) => !isWatching(exchange), AbortSignal.timeout(inForce.config.shutdown.grace))
      sessions.endWhere(() => true, SHUTTING_DOWN)
      await open.over(() => true, AbortSignal.timeout(LAST_WORDS_MS))
      await close()
    },
    inside: () => ({
      loaded: inForce,
      gate: newest as unknown as Gate,
      listeners: listeners.bound.map(({ config, connections }) => {
        const { name, limits } = config()
        return { name, connections: connections(), most: limits.connections }
      }),
      isClosing,
    }),
    close,
  }
}

/** What is bound once of the admin listener; who may what there is read anew. */
function boundOf({ admin }: LoadedConfig['config']) {
  if (admin?.listener === undefined) return null
  const { allow: _, ...bound } = admin.listener
  return bound
}

function stays(key: string, value: string): string {
  return `${key} stays ${value}: another one takes a restart`
}

function warn(line: string): void {
  process.stderr.write(`dockgate: ${line}\n`)
}
