import type { Socket } from 'node:net'
import type { ReasonCode } from '../reasons.ts'
import type { Refusal } from '../refusal.ts'

const reasons = new WeakMap<object, ReasonCode>()

/** Ends a connection, and whatever runs on it, because its client is no longer who it was let in as. */
export function endDistrusted(socket: Socket, { reason }: Refusal): void {
  reasons.set(socket, reason)
  socket.destroy()
}

/** Why a connection is gone: because it was ended here, else because the client left. */
export function whyGone(connection: object): ReasonCode {
  return reasons.get(connection) ?? 'client-gone'
}
