import type { Socket } from 'node:net'
import type { ListenerConfig } from '../config/schema.ts'
import { bind, setRights } from '../listen/bind.ts'
import type { Serving } from './gate.ts'
import { createApp } from './plain.ts'
import { isUnread, runningOn } from './running.ts'

/** A listener that is bound. */
export interface Listener {
  config(): ListenerConfig
  /** How many are open now. */
  connections(): number
  /** As the docker client writes it, with the port that was bound. */
  readonly url: string
  /** Whether connections are taken. */
  readonly isListening: boolean
  /** Whether it can take on a changed configuration while it listens. */
  canBecome(config: ListenerConfig): boolean
  /** From here on requests meet this. What of it cannot be put to use is told to the operator, and stays as it was. */
  become(serving: Serving): void
  /** Takes no connection any more; those that are open go on. */
  stop(): void
  /** Stops, and ends its connections: at once where nothing is under way, and otherwise when that is over. */
  drain(): void
  /** Resolves when every connection has ended. */
  readonly closed: Promise<void>
  /** Ends everything now. */
  destroy(): void
}

/**
 * Binds a listener.
 *
 * @throws Error (as a rejection) with a message for the operator when it cannot be bound, or its TLS files not be served
 */
export async function openListener(first: Serving, warn: (line: string) => void): Promise<Listener> {
  let serving = first
  const { app, listening } = await createApp(() => serving)
  const { server, canBecome } = listening
  const accepted = new Set<Socket>()
  /** On which requests come: with TLS, those whose handshake is over. */
  const connections = new Set<Socket>()
  let draining = false

  server.prependListener('connection', (socket: Socket) => {
    const taken = serving.gate.limits.connect()
    if (taken === null) {
      socket.destroy()
      return
    }
    socket.once('close', taken.over)
    keep(accepted, socket)
  })
  server.on(first.listener.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    keep(connections, socket)
    if (draining) socket.destroy()
  })

  function stop(): void {
    if (server.listening) server.close()
  }

  function drain(): void {
    draining = true
    stop()
    for (const socket of connections) endWhenIdle(serving, socket)
  }

  const url = await bind(server, first.listener).catch(async (error: unknown) => {
    // Its close ends what follows the TLS files.
    server.close()
    await app.close()
    throw error
  })
  // After listening has begun, an error is one of accepting: the listener goes on with the next connection.
  server.on('error', (error) => warn(`listener ${serving.listener.name}: ${error.message}`))
  const closed = new Promise<void>((resolve) => server.once('close', () => resolve(app.close())))
  return {
    url,
    closed,
    get isListening() {
      return server.listening
    },
    config: () => serving.listener,
    connections: () => accepted.size,
    canBecome,
    become(next) {
      const { listener: before } = serving
      serving = next
      try {
        if (before.mode !== next.listener.mode || before.group !== next.listener.group) setRights(next.listener)
        listening.become(next.listener)
      } catch (error) {
        warn(`ERROR: ${(error as Error).message}; that listener goes on with what it had of it`)
      }
    },
    stop,
    drain,
    destroy() {
      stop()
      for (const socket of accepted) socket.destroy()
    },
  }
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
}

function endWhenIdle({ gate }: Serving, socket: Socket): void {
  const running = runningOn(socket)
  if (running !== undefined) {
    const { response } = running
    if (!response.headersSent) response.shouldKeepAlive = false
    response.once('close', () => socket.destroySoon())
  } else if (isUnread(socket)) socket.end()
  else if (!gate.open.isBusy(socket)) socket.destroy()
}
