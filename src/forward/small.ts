import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Engine } from './engine.ts'
import { engineFailure } from './errors.ts'
import type { Passage } from './passage.ts'
import { clientHeaders } from './response-headers.ts'

/*
 * The short way to the engine, for a request whose body is at hand and whose answer is shown as it comes: almost all that
 * clients send. Against the plugin of `ordinary.ts` it saves a Readable for each answer and three copies of its headers.
 */

/**
 * Carries a checked request, and writes the engine's answer on the client's response. Everything that happens on the way is
 * told to the passage; nothing is retried, and nothing times out.
 */
export function carrySmall(engine: Engine, passage: Passage, response: ServerResponse): void {
  const { operation, headers, body } = passage.checked
  if (body.kind === 'stream') throw new Error('a body that streams does not go this way')
  if (body.kind === 'bytes') passage.onBytesIn(body.bytes.length)
  const { method } = passage.request
  passage.times.sentAt = performance.now()
  engine.pool.dispatch(
    {
      path: operation.target,
      method: method as Dispatcher.HttpMethod,
      headers,
      body: body.kind === 'bytes' ? body.bytes : null,
    },
    new Delivery(engine, passage, response),
  )
}

type Controller = Dispatcher.DispatchController

/** Bytes of a body that go out with the head, as one piece. */
const MOST_TOGETHER = 16 * 1024

const LEFT = new Error('the client is gone')

/** One answer on its way: undici calls it in the order of its methods. */
class Delivery implements Dispatcher.DispatchHandler {
  readonly #engine: Engine
  readonly #passage: Passage
  readonly #response: ServerResponse
  #controller: Controller | null = null
  #hasBegun = false
  #isHeld = false
  /** The beginning of the body, while it waits for more that was read with it. */
  #first: Buffer | null = null
  #isFlushed = false

  constructor(engine: Engine, passage: Passage, response: ServerResponse) {
    this.#engine = engine
    this.#passage = passage
    this.#response = response
    passage.request.socket.once('close', this.#leave)
  }

  readonly #leave = () => this.#controller?.abort(LEFT)

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#passage.request.socket.destroyed) controller.abort(LEFT)
  }

  onResponseStart(controller: Controller, status: number): void {
    if (status < 200) return
    const response = this.#response
    // The gate has answered in the meantime: the session was ended.
    if (response.headersSent || response.destroyed) {
      controller.abort(LEFT)
      return
    }
    this.#passage.times.answeredAt = performance.now()
    if (status > 599) throw new Error(`the engine answered with status ${status}`)
    const raw = textOf(controller.rawHeaders)
    this.#engine.noteApiVersion(raw)
    // Characters that no header may hold make it throw: Node's writer is stricter than the engine's.
    response.writeHead(status, clientHeaders(raw))
    this.#hasBegun = true
    process.nextTick(this.#flush)
  }

  /**
   * What was read of the engine together goes out together: writes are the dearest part of an answer. But a head alone does
   * not wait for its body (`docker run` begins on that of `wait`).
   */
  readonly #flush = () => {
    const first = this.#first
    this.#first = null
    this.#isFlushed = true
    if (this.#response.writableEnded || this.#response.destroyed) return
    if (first === null) this.#response.flushHeaders()
    else this.#write(first)
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#passage.onAnswerData(chunk)
    if (!this.#isFlushed && this.#first === null && chunk.length <= MOST_TOGETHER) {
      this.#first = chunk
      return
    }
    if (this.#first !== null) this.#flush()
    this.#write(chunk)
  }

  #write(chunk: Buffer): void {
    const controller = this.#controller
    if (controller === null || this.#response.write(chunk)) return
    controller.pause()
    if (this.#isHeld) return
    this.#isHeld = true
    this.#response.on('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    this.#over()
    // As text, Node writes head and body as one: with bytes they would be two pieces.
    if (this.#first === null) this.#response.end()
    else this.#response.end(this.#first.toString('latin1'), 'latin1')
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#over()
    if (!this.#hasBegun) this.#passage.onFailure(engineFailure(error))
    else {
      if (!this.#passage.request.socket.destroyed) this.#passage.onBroken()
      // A body that breaks off must not look complete.
      this.#response.destroy()
    }
  }

  #over(): void {
    this.#passage.request.socket.off('close', this.#leave)
  }
}

/** As the parser of undici gives them: bytes, names and values in turn; HTTP fields are Latin-1 to Node (RFC 9110 section 5.5). */
function textOf(raw: Controller['rawHeaders']): string[] {
  if (!Array.isArray(raw)) throw new Error('undici gave no list of headers')
  return raw.map((part: Buffer | string) => (typeof part === 'string' ? part : part.toString('latin1')))
}
