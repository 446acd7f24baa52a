import { type AnswerTaker, Connection, type Owner, type Sending } from './connection.ts'
import { type EngineRequest, headOf } from './request-head.ts'

/** Connections for requests that are answered one after the other: HTTP/1.1, kept alive, not pipelined, as many as it takes. */
export interface Connections {
  /** @throws Error when the request cannot be written as HTTP */
  send(request: EngineRequest, taker: AnswerTaker): Sending
  /** Ends all; requests under way fail. */
  close(): void
}

/** The engine may close what is idle when it likes; one that is not used for so long is closed by us first. */
const IDLE_MS = 4_000

/** @param connect opens a connection to the engine that reads as it is told */
export function createConnections(connect: Owner['connect']): Connections {
  const all = new Set<Connection>()
  /** The one that was used last is used next, so that the others can grow old. */
  const idle: Connection[] = []
  let sweeping: NodeJS.Timeout | null = null
  const sweep = () => {
    const oldest = performance.now() - IDLE_MS
    const stale = idle.findIndex(({ idleSince }) => idleSince > oldest)
    for (const connection of idle.splice(0, stale < 0 ? idle.length : stale)) connection.destroy()
    sweeping = idle.length === 0 ? null : setTimeout(sweep, IDLE_MS).unref()
  }
  const owner: Owner = {
    connect,
    idle(connection) {
      idle.push(connection)
      sweeping ??= setTimeout(sweep, IDLE_MS).unref()
    },
    over(connection) {
      all.delete(connection)
      const place = idle.indexOf(connection)
      if (place >= 0) idle.splice(place, 1)
    },
  }
  const open = () => {
    const connection = new Connection(owner)
    all.add(connection)
    return connection
  }
  return {
    send(request, taker) {
      const head = headOf(request)
      const connection = idle.pop() ?? open()
      connection.send(request, head, taker)
      return connection
    },
    close() {
      for (const connection of all) connection.destroy()
      if (sweeping !== null) clearTimeout(sweeping)
    },
  }
}
