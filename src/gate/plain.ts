import { type FastifyInstance, fastify, LogController } from 'fastify'
import { registerReshaped } from '../forward/reshaped.ts'
import { createServer, type Handler, type ListenerServer } from '../listen/server.ts'
import { onClientError } from './client-error.ts'
import type { Serve } from './gate.ts'
import { PlainRequest } from './plain-request.ts'
import { onUpgrade } from './upgrade.ts'

/** What answers on one listener. */
interface App {
  readonly app: FastifyInstance
  readonly listening: ListenerServer
}

/**
 * What answers on one listener. Every plain request is judged here, before any framework sees it, and then carried the
 * short way, or by the plugin of fastify where its answer is reshaped; upgrades go through the same decision function.
 */
export async function createApp(serve: Serve): Promise<App> {
  let listening: ListenerServer | null = null
  const app = fastify({
    serverFactory: (carrier) => {
      listening = listenerServer(serve, (request, response) =>
        new PlainRequest(serve, carrier, request, response).start(),
      )
      return listening.server
    },
    clientErrorHandler: (error, socket) => onClientError(serve(), error, socket),
    // The router must not look at the client's bytes: the recogniser does, once.
    rewriteUrl: () => '/',
    logController: new LogController({ disableRequestLogging: true }),
    logger: false,
    requestIdHeader: false,
    return503OnClosing: false,
    genReqId: () => '',
  })
  await registerReshaped(app, serve().gate.engine)
  await app.ready()
  if (listening === null) throw new Error('fastify made no server')
  return { app, listening }
}

function listenerServer(serve: Serve, handler: Handler): ListenerServer {
  const listening = createServer(serve().listener, handler)
  const { server } = listening
  // Without these, Node says 100 Continue before any decision, and answers other expectations itself.
  server.on('checkContinue', handler)
  server.on('checkExpectation', handler)
  server.on('upgrade', (request, socket, head) => onUpgrade(serve(), request, socket, head))
  server.on('connect', (request, socket, head) => onUpgrade(serve(), request, socket, head))
  return listening
}
