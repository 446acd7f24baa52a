import type { IncomingMessage, ServerResponse } from 'node:http'
import { type FastifyInstance, fastify, LogController } from 'fastify'
import { type Exchange, openExchange } from '../audit/exchange.ts'
import { notePassage, registerOrdinary } from '../forward/ordinary.ts'
import type { Passage } from '../forward/passage.ts'
import { carrySmall } from '../forward/small.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import { createServer, type Handler, type ListenerServer } from '../listen/server.ts'
import type { Sent } from '../objects/types.ts'
import { Refusal } from '../refusal.ts'
import { type Answer, answerErrand, answerRefusal, asRefusal, noteRefusal } from './answer.ts'
import { answerExpectation, requestBody } from './body.ts'
import { onClientError } from './client-error.ts'
import { createExecIdReader } from './exec-id.ts'
import { decide, type Gate, leave, openChecked, record, type Serve } from './gate.ts'
import { noteDone, noteRunning, noteUnread } from './running.ts'
import type { Ending } from './sessions.ts'
import { onUpgrade } from './upgrade.ts'
import { discard, onceOver } from './wire.ts'

/** No client of Docker pipelines; one that floods a connection with requests loses it. */
const MOST_PIPELINED = 16

/** What answers on one listener. */
interface App {
  readonly app: FastifyInstance
  readonly listening: ListenerServer
}

/**
 * What answers on one listener. Every plain request is judged here, before any framework sees it, and then carried the
 * short way, or by the plugin of fastify where its body streams or its answer is reshaped; upgrades go through the same
 * decision function.
 */
export async function createApp(serve: Serve): Promise<App> {
  let listening: ListenerServer | null = null
  const app = fastify({
    serverFactory: (carrier) => {
      listening = listenerServer(serve, (request, response) => onRequest(serve, carrier, request, response))
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
  await registerOrdinary(app, serve().gate.engine)
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

/** Takes one request from its head to its record. */
function onRequest(serve: Serve, carrier: Handler, request: IncomingMessage, response: ServerResponse): void {
  const arrived = serve()
  const exchange = openExchange(arrived.listener, request, request.url ?? '', arrived.gate.generation)
  arrived.gate.open.enter(exchange)
  const running = noteRunning(request, response, exchange)
  let close = () => {}
  onceOver(request, response, () => {
    close()
    noteDone(running)
    finish(arrived.gate, exchange, request, response)
  })
  const begin = () => {
    // One that waited behind another may have come under an older configuration.
    const { gate, listener } = serve()
    exchange.generation = gate.generation
    const body = requestBody(request, response, listener.limits.bodyTimeout)
    decide(gate, exchange, request, listener, body)
      .then((errand) => {
        const over = errand.kind === 'send' ? errand.over : () => {}
        // The client is gone and its record written: nothing is asked of the engine any more.
        if (request.socket.destroyed) return over()
        close = over
        const ended = openChecked(gate, exchange, (why) => cutShort(gate, exchange, request, response, why))
        close = () => {
          ended()
          over()
        }
        if (errand.kind === 'answer') answer(request, response, answerErrand(errand, gate.engine))
        else carry(gate, passage(gate, exchange, errand, request, response), carrier, response)
      })
      .catch((error: unknown) => refuse(gate, exchange, request, response, error))
  }
  // Node hands over pipelined requests at once; here each waits until the one in front is answered.
  if (running.previous === null) begin()
  else if (running.waiting > MOST_PIPELINED) request.socket.destroy()
  else running.previous.response.once('close', () => request.socket.destroyed || begin())
}

function carry({ engine }: Gate, passage: Passage, carrier: Handler, response: ServerResponse): void {
  const { checked, shape, request } = passage
  if (checked.body.kind !== 'stream' && shape === null) {
    carrySmall(engine, passage, response)
    return
  }
  if (checked.body.kind === 'stream') answerExpectation(request, response)
  // Nothing behind the gate sees the client's headers.
  request.headers = {}
  notePassage(passage)
  carrier(request, response)
}

function passage(
  gate: Gate,
  exchange: Exchange,
  { checked, shape }: Sent,
  request: IncomingMessage,
  response: ServerResponse,
): Passage {
  const execId = execIdReader(gate, exchange, checked)
  const most = exchange.role?.rate.upload ?? Number.POSITIVE_INFINITY
  if (checked.body.kind === 'stream' && (checked.body.length ?? 0) > most) throw uploadTooLarge(exchange, most)
  return {
    checked,
    shape,
    request,
    times: exchange,
    onBytesIn: (bytes) => {
      exchange.bytesIn += bytes
      if (exchange.bytesIn > most) throw uploadTooLarge(exchange, most)
    },
    onAnswerData: (chunk) => {
      exchange.bytesOut += chunk.length
      if (response.statusCode === 201) execId?.(chunk)
    },
    onFailure: (refusal) => refuse(gate, exchange, request, response, refusal),
    onBroken: () => {
      exchange.reason = 'engine-broken'
    },
  }
}

function uploadTooLarge({ role }: Exchange, most: number): Refusal {
  const key = `roles.${role?.name}.rate.upload`
  return new Refusal('upload-too-large', `the request body is larger than the ${most} bytes that ${key} allows`)
}

/** The start of an exec is judged by its making, so the gate remembers which were judged. */
function execIdReader(
  { surroundings }: Gate,
  { principal, role, observed }: Exchange,
  { operation }: CheckedRequest,
): ((chunk: Buffer) => void) | null {
  if (operation.spec.id !== 'ContainerExec' || principal === null || role === null) return null
  // What its role would have refused is not judged because it was let through.
  if (observed !== null) return null
  return createExecIdReader((id) => surroundings.noteExec(id, principal, role))
}

function refuse(
  gate: Gate,
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): void {
  const refusal = asRefusal(error)
  noteRefusal(exchange, refusal)
  if (response.destroyed || response.headersSent) return
  const { status, headers, body } = answerRefusal(refusal, exchange, gate.engine)
  // Whoever has not shown who he is keeps no connection; but while he still sends, closing would reset it.
  if (exchange.principal === null && request.complete) headers.Connection = 'close'
  answer(request, response, { status, headers, body })
}

function answer(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers)
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Ends a request that was let in. What has begun is broken off: it must not look complete. */
function cutShort(
  gate: Gate,
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
  why: Ending,
): void {
  if (!response.headersSent) {
    response.shouldKeepAlive = false
    refuse(gate, exchange, request, response, whyRefused(gate, exchange, why))
  } else request.socket.destroy()
}

/** What the next request would be told, as far as that is known here. */
function whyRefused({ revocations }: Gate, { principal }: Exchange, { reason, text }: Ending): unknown {
  try {
    if (principal !== null) revocations.check(principal)
  } catch (refusal) {
    return refusal
  }
  return new Refusal(reason, text)
}

function finish(gate: Gate, exchange: Exchange, request: IncomingMessage, response: ServerResponse): void {
  if (exchange.status === 0 && response.headersSent) exchange.status = response.statusCode
  if (!response.writableFinished && exchange.reason === 'allowed') exchange.reason = 'client-gone'
  record(gate, exchange)
  leave(gate, exchange)
  if (request.complete || request.socket.destroyed) return
  noteUnread(request)
  discard(request)
}
