import type { Server } from 'node:http'
import type { AdminListenerConfig, ListenerConfig } from '../config/schema.ts'
import { evidenceOf } from '../gate/gate.ts'
import { bind } from '../listen/bind.ts'
import { checkHead } from '../listen/head.ts'
import { createServer } from '../listen/server.ts'
import { mayAsk } from '../policy/admin.ts'
import { Refusal } from '../refusal.ts'
import type { Sources } from './pages.ts'
import { type Door, serve } from './serve.ts'

const NAME = 'admin.listener'

/** Whoever watches asks now and then, on a connection each; a token may have 16 KiB. */
const LIMITS: ListenerConfig['limits'] = {
  connections: 64,
  headerBytes: 32 * 1024,
  headerCount: 100,
  targetBytes: 1024,
  headersTimeout: 5_000,
  bodyTimeout: 5_000,
}

/**
 * Listens for those who look after the gate over the network. Callers prove who they are to the issuers of the gate, and
 * get the pages that `admin.listener.allow` of the configuration in force gives them; without proof there is `/healthz`.
 *
 * @returns the server, and where it listens, as `tcp://host:port`
 * @throws Error (as a rejection) with a message for the operator when it cannot be bound, or its TLS files not be served
 */
export async function startAdminListener(
  { address, tls }: AdminListenerConfig,
  sources: Sources,
): Promise<{ readonly server: Server; readonly url: string }> {
  const listener: ListenerConfig = { name: NAME, address, limits: LIMITS, ...(tls ? { tls } : {}) }
  const door = guardedDoor(listener, sources)
  const { server } = createServer(listener, (request, response) => serve(door, sources, request, response))
  try {
    const url = await bind(server, listener)
    return { server, url }
  } catch (error) {
    // Its close ends what follows the TLS files.
    server.close()
    throw new Error(`${NAME}: ${(error as Error).message}`, { cause: error })
  }
}

/** The same discipline as for requests to the engine: a proof, that is not revoked, and a rule that says yes. */
function guardedDoor(listener: ListenerConfig, { inside }: Sources): Door {
  return {
    name: NAME,
    async admit(request, page, known) {
      const { gate, loaded } = inside()
      checkHead(request, request.url ?? '', listener.limits)
      const principal = await gate.authenticator.authenticate(evidenceOf(request, listener))
      known(principal)
      gate.revocations.check(principal)
      if (page === null) return
      const address = request.socket.remoteAddress ?? ''
      const facts = { address, listener: NAME, operation: page, time: Date.now() }
      if (mayAsk(loaded.adminRules, principal, page, facts)) return
      const out = `an operator can add "${page}" to the pages of an entry that is for you`
      throw new Refusal('admin-not-allowed', `no entry of admin.listener.allow gives you this; ${out}`)
    },
  }
}
