import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { openRecords } from '../audit/writer.ts'
import type { LoadedConfig } from '../config/load.ts'
import { createEngine, type Engine, probeEngine } from '../forward/engine.ts'
import { createAuthenticator } from '../identity/authenticate.ts'
import { followRevocations } from '../identity/revocations.ts'
import { bind } from '../listen/bind.ts'
import { createWorld } from '../objects/confine.ts'
import type { IsShared } from '../objects/images/images.ts'
import { type Ledger, openLedger } from '../objects/ledger.ts'
import type { World } from '../objects/request.ts'
import { matchesAny } from '../policy/profile/pattern.ts'
import type { Policy } from '../policy/types.ts'
import { createAsk } from './ask.ts'
import type { Gate } from './gate.ts'
import { createOpenExchanges } from './open.ts'
import { createApp } from './plain.ts'
import { type Reaper, startReaper } from './reaper.ts'
import { createSessions, REVOKED } from './sessions.ts'
import { createSurroundings } from './surroundings.ts'

export interface RunningGate {
  /** Where it listens, in the configuration's order; `url` as the docker client writes it, with the port that was bound. */
  readonly listeners: readonly { readonly name: string; readonly url: string }[]
  /** Stops listening, ends every connection, and writes out the records. */
  close(): Promise<void>
}

/**
 * Starts the gate: all listeners or none.
 *
 * @throws Error with a message for the operator when a listener cannot be bound or the record file not be opened
 */
export async function startGate({ config, policy }: LoadedConfig): Promise<RunningGate> {
  const records = openRecords(config.records.file)
  const ledger = config.ledger === undefined ? null : openLedger(config.ledger.file)
  const engine = createEngine(config.engine.slice('unix://'.length))
  const sessions = createSessions()
  const revocations = followRevocations(config.revocations?.file ?? null, {
    changed: () =>
      sessions.endWhere(({ principal }) => principal !== null && revocations.isRevoked(principal), REVOKED),
    warn,
  })
  const authenticator = await createAuthenticator(config.issuers, {
    warn,
    distrust(socket, { reason }) {
      const text = 'the client certificate is not trusted any more'
      // A session ends with a message; a connection that only waits for its next request just ends.
      if (sessions.endWhere(({ connection }) => connection === socket, { reason, text }) === 0) socket.destroy()
    },
  })
  policy.errors.tell(warn)
  const gate: Gate = {
    authenticator,
    revocations,
    sessions,
    policy,
    engine,
    records,
    open: createOpenExchanges(),
    surroundings: createSurroundings(engine),
    world: worldOf(policy, engine, ledger),
  }
  let reaper: Reaper | null = null
  const apps: FastifyInstance[] = []
  const sockets = new Set<Socket>()
  const listeners: { name: string; url: string }[] = []

  const close = async () => {
    for (const app of apps) app.server.close()
    for (const socket of sockets) socket.destroy()
    await Promise.all(apps.map((app) => app.close()))
    await gate.open.idle()
    const reaped = reaper?.close()
    await engine.close()
    await reaped
    authenticator.close()
    revocations.close()
    ledger?.close()
    await records.close()
  }

  try {
    for (const listener of config.listeners) {
      const app = await createApp(gate, listener)
      apps.push(app)
      // After listening has begun, an error is one of accepting: the listener goes on with the next connection.
      app.server.on('error', (error) => warn(`listener ${listener.name}: ${error.message}`))
      app.server.on('connection', (socket: Socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
      })
      listeners.push({ name: listener.name, url: await bind(app.server, listener) })
    }
  } catch (error) {
    await close()
    throw error
  }
  if (gate.world !== null) reaper = startReaper(gate.world, records, warn)
  void probeEngine(engine).then((answered) => {
    if (!answered) warn(`warning: no Docker Engine answers at ${config.engine}; callers get 502 until one does`)
  })
  return { listeners, close }
}

/** What one role shares, every owner relies on. */
function isSharedBy({ roles }: Policy): IsShared {
  const shared = [...roles.values()].flatMap(({ objects }) => objects?.sharedImages ?? [])
  return (reference, { principal }) => matchesAny(shared, reference, principal)
}

/** Null where no role has objects of its own. */
function worldOf(policy: Policy, engine: Engine, ledger: Ledger | null): World | null {
  const owners = [...policy.roles.values()].some(({ objects }) => objects !== null)
  return owners && ledger !== null ? createWorld(createAsk(engine), ledger, isSharedBy(policy)) : null
}

function warn(line: string): void {
  process.stderr.write(`dockgate: ${line}\n`)
}
