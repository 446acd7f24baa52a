import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Exchange, openExchange } from '../audit/exchange.ts'
import { carryAsItIs } from '../forward/as-it-is.ts'
import type { Passage } from '../forward/passage.ts'
import { notePassage } from '../forward/reshaped.ts'
import type { BodySource, CheckedRequest } from '../inspect/inspect.ts'
import type { Handler } from '../listen/server.ts'
import type { Errand, Sent } from '../objects/types.ts'
import { Refusal } from '../refusal.ts'
import { type Answer, answerErrand, answerRefusal, asRefusal, noteRefusal } from './answer.ts'
import { answerExpectation, collect } from './body.ts'
import { createExecIdReader } from './exec-id.ts'
import { decide, type Gate, leave, openChecked, record, type Serve } from './gate.ts'
import { noteDone, noteRunning, noteUnread, type Running } from './running.ts'
import type { Ending } from './sessions.ts'
import { discard } from './wire.ts'

/** No client of Docker pipelines; one that floods a connection with requests loses it. */
const MOST_PIPELINED = 16

const nothing = () => {}

/**
 * One plain request from its head to its record. One object with methods, and one listener: of a request that the engine
 * answers at once, closures and listeners took a tenth of the time.
 */
export class PlainRequest implements Running, BodySource {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly exchange: Exchange
  previous: Running | null = null
  readonly #serve: Serve
  readonly #carrier: Handler
  /** Under which it arrived. */
  readonly #arrived: Gate
  /** Under which it is judged. */
  #gate: Gate
  #bodyTimeout = 0
  #passage: PlainPassage | null = null
  /** What was opened for it ends with it. */
  #close: () => void = nothing
  #isOver = false

  constructor(serve: Serve, carrier: Handler, request: IncomingMessage, response: ServerResponse) {
    const { gate, listener } = serve()
    this.request = request
    this.response = response
    this.exchange = openExchange(listener, request, request.url ?? '', gate.generation)
    this.#serve = serve
    this.#carrier = carrier
    this.#arrived = gate
    this.#gate = gate
  }

  start(): void {
    const { request, response } = this
    this.#arrived.open.enter(this.exchange)
    const waiting = noteRunning(this)
    response.on('close', () => this.#over())
    // Node hands over pipelined requests at once; here each waits until the one in front is answered.
    if (this.previous === null) this.#begin()
    else if (waiting > MOST_PIPELINED) request.socket.destroy()
    else this.previous.response.once('close', () => request.socket.destroyed || this.#begin())
  }

  /** The connection is gone: a pipelined response may never get to its own end. */
  onGone(): void {
    this.#over()
  }

  /** The body, for the decision. A client that waits for `100 Continue` (RFC 9110 section 10.1.1) gets it at the first read. */
  read(limit: number): Promise<Buffer> {
    answerExpectation(this.request, this.response)
    return collect(this.request, limit, this.#bodyTimeout)
  }

  #begin(): void {
    // One that waited behind another may have come under an older configuration.
    const { gate, listener } = this.#serve()
    this.#gate = gate
    this.#bodyTimeout = listener.limits.bodyTimeout
    this.exchange.generation = gate.generation
    decide(gate, this.exchange, this.request, listener, this)
      .then((errand) => this.#run(errand))
      .catch((error: unknown) => this.refuse(error))
  }

  #run(errand: Errand | Refusal): void {
    if (errand instanceof Refusal) {
      this.refuse(errand)
      return
    }
    const over = errand.kind === 'send' ? errand.over : nothing
    // The client is gone and its record written: nothing is asked of the engine any more.
    if (this.request.socket.destroyed) {
      over()
      return
    }
    this.#close = over
    const ended = openChecked(this.#gate, this.exchange, (why) => this.#cutShort(why))
    const close = () => {
      ended()
      over()
    }
    this.#close = close
    if (errand.kind === 'answer') this.#answer(answerErrand(errand, this.#gate.engine))
    else this.#carry(errand)
  }

  #carry(sent: Sent): void {
    const passage = new PlainPassage(this, this.#gate, sent)
    const { request, response } = this
    this.#passage = passage
    if (sent.checked.body.kind === 'stream') answerExpectation(request, response)
    if (sent.shape === null) {
      carryAsItIs(this.#gate.engine, passage, response)
      return
    }
    // Nothing behind the gate sees the client's headers.
    request.headers = {}
    notePassage(passage)
    this.#carrier(request, response)
  }

  refuse(error: unknown): void {
    const { exchange, request, response } = this
    const refusal = asRefusal(error)
    noteRefusal(exchange, refusal)
    if (response.destroyed || response.headersSent) return
    const { status, headers, body } = answerRefusal(refusal, exchange, this.#gate.engine)
    // Whoever has not shown who he is keeps no connection; but while he still sends, closing would reset it.
    if (exchange.principal === null && request.complete) headers.Connection = 'close'
    this.#answer({ status, headers, body })
  }

  #answer({ status, headers, body }: Answer): void {
    this.response.writeHead(status, headers)
    if (this.request.method === 'HEAD') this.response.end()
    else if (typeof body !== 'string') this.response.end(body)
    // As almost always it is ASCII, which is written at half the price where that is said.
    else this.response.end(body, Buffer.byteLength(body) === body.length ? 'latin1' : 'utf8')
  }

  /** Ends a request that was let in. What has begun is broken off: it must not look complete. */
  #cutShort(why: Ending): void {
    const { exchange, request, response } = this
    if (response.headersSent) {
      request.socket.destroy()
      return
    }
    response.shouldKeepAlive = false
    this.refuse(whyRefused(this.#gate, exchange, why))
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#close()
    noteDone(this)
    const { exchange, request, response } = this
    if (exchange.status === 0 && response.headersSent) exchange.status = response.statusCode
    if (!response.writableFinished && exchange.reason === 'allowed') exchange.reason = 'client-gone'
    record(this.#arrived, exchange)
    leave(this.#arrived, exchange)
    this.#passage?.abort?.()
    if (request.complete || request.socket.destroyed) return
    noteUnread(request)
    discard(request)
  }
}

/** What was judged of a plain request, and is carried now. */
class PlainPassage implements Passage {
  readonly checked: CheckedRequest
  readonly shape: Sent['shape']
  readonly request: IncomingMessage
  readonly times: Exchange
  abort: (() => void) | null = null
  readonly #plain: PlainRequest
  readonly #execId: ((chunk: Buffer) => void) | null
  readonly #mostIn: number

  /** @throws Refusal `upload-too-large` */
  constructor(plain: PlainRequest, gate: Gate, { checked, shape }: Sent) {
    const { exchange } = plain
    this.checked = checked
    this.shape = shape
    this.request = plain.request
    this.times = exchange
    this.#plain = plain
    this.#execId = execIdReader(gate, exchange, checked)
    this.#mostIn = exchange.role?.rate.upload ?? Number.POSITIVE_INFINITY
    if (checked.body.kind === 'stream' && (checked.body.length ?? 0) > this.#mostIn) throw this.#tooLarge()
  }

  onBytesIn(bytes: number): void {
    const { exchange } = this.#plain
    exchange.bytesIn += bytes
    if (exchange.bytesIn > this.#mostIn) throw this.#tooLarge()
  }

  onAnswerData(buffer: Buffer, from: number, to: number): void {
    const { exchange, response } = this.#plain
    exchange.bytesOut += to - from
    if (this.#execId !== null && response.statusCode === 201) this.#execId(buffer.subarray(from, to))
  }

  onFailure(refusal: Refusal): void {
    this.#plain.refuse(refusal)
  }

  onBroken(): void {
    this.#plain.exchange.reason = 'engine-broken'
  }

  #tooLarge(): Refusal {
    const key = `roles.${this.#plain.exchange.role?.name}.rate.upload`
    return new Refusal(
      'upload-too-large',
      `the request body is larger than the ${this.#mostIn} bytes that ${key} allows`,
    )
  }
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

/** What the next request would be told, as far as that is known here. */
function whyRefused({ revocations }: Gate, { principal }: Exchange, { reason, text }: Ending): unknown {
  try {
    if (principal !== null) revocations.check(principal)
  } catch (refusal) {
    return refusal
  }
  return new Refusal(reason, text)
}
