import type { ServerResponse } from 'node:http'
import type { AnswerTaker, Sending } from './connection.ts'
import type { Engine } from './engine.ts'
import { engineFailure } from './errors.ts'
import type { Passage } from './passage.ts'
import { clientHeaders } from './response-headers.ts'
import { Upload } from './upload.ts'

/*
 * The short way to the engine, for a request whose answer is shown as it comes: almost all that clients send. Against the
 * plugin of `reshaped.ts` it saves a Readable for each answer, three copies of its headers, and two of three writes; and
 * bodies that stream keep no collector busy.
 */

/**
 * Carries a checked request, and writes the engine's answer on the client's response. Everything that happens on the way is
 * told to the passage; nothing is retried, and nothing times out.
 */
export function carryAsItIs(engine: Engine, passage: Passage, response: ServerResponse): void {
  const { operation, headers, body: checked } = passage.checked
  if (checked.kind === 'bytes') passage.onBytesIn(checked.bytes.length)
  passage.times.sentAt = performance.now()
  const { method = '' } = passage.request
  const delivery = new Delivery(engine, passage, response)
  const upload = checked.kind === 'stream' ? new Upload(passage, checked, (error) => delivery.onRefused(error)) : null
  const body = checked.kind === 'bytes' ? checked.bytes : upload
  delivery.follow(engine.connections.send({ method, path: operation.target, headers, body }, delivery), upload)
}

/** Bytes of a body that go out as text with the head, as one piece; larger ones would be copied more than that saves. */
const MOST_AS_TEXT = 4 * 1024

/** One answer on its way. */
class Delivery implements AnswerTaker {
  readonly #engine: Engine
  readonly #passage: Passage
  readonly #response: ServerResponse
  #sending: Sending | null = null
  #upload: Upload | null = null
  /** Until they are given to the response. */
  #headers: string[] | null = null
  /** The beginning of the body, while what was read is still told; as text, since Node writes head and text as one. */
  #first = ''
  #isHeld = false

  constructor(engine: Engine, passage: Passage, response: ServerResponse) {
    this.#engine = engine
    this.#passage = passage
    this.#response = response
  }

  follow(sending: Sending, upload: Upload | null): void {
    this.#sending = sending
    this.#upload = upload
    const abort = () => {
      this.#over()
      sending.abort()
    }
    this.#passage.abort = abort
    upload?.begin(sending)
  }

  /** The body was refused on its way: the engine gets no more of it, and must not take what it has for all. */
  onRefused(error: unknown): void {
    const hasBegun = this.#response.headersSent
    this.#over()
    this.#sending?.abort()
    this.#passage.onFailure(engineFailure(error))
    // What was answered by then must not look complete.
    if (hasBegun) this.#response.destroy()
  }

  onHead(status: number, rawHeaders: string[]): void {
    // The gate has answered in the meantime: the session was ended.
    if (this.#response.headersSent || this.#response.destroyed) {
      this.#over()
      this.#sending?.abort()
      return
    }
    this.#passage.times.answeredAt = performance.now()
    this.#engine.noteApiVersion(rawHeaders)
    // Not sent before what was read with it, but known at once to whoever looks at the answer's body.
    this.#response.statusCode = status
    this.#headers = clientHeaders(rawHeaders)
  }

  onBody(buffer: Buffer, from: number, to: number): void {
    this.#passage.onAnswerData(buffer, from, to)
    if (this.#headers !== null && this.#first.length + to - from <= MOST_AS_TEXT) {
      this.#first += buffer.toString('latin1', from, to)
      return
    }
    if (this.#headers !== null) this.#writeHead(this.#headers)
    if (this.#first !== '') this.#writeFirst()
    this.#write(buffer.subarray(from, to))
  }

  /**
   * What was read of the engine together goes out together: writes are the dearest part of an answer. But nothing waits for
   * what is still to come (`docker run` begins on the head of `wait`).
   */
  onRead(): void {
    this.#flush()
  }

  #flush(): void {
    const response = this.#response
    if (this.#headers === null || response.destroyed) return
    this.#writeHead(this.#headers)
    if (this.#first === '') response.flushHeaders()
    else this.#writeFirst()
  }

  #writeFirst(): void {
    this.#response.write(this.#first, 'latin1')
    this.#first = ''
  }

  /** Characters that no header may hold make it throw: Node's writer is stricter than the engine's. */
  #writeHead(headers: string[]): void {
    this.#response.writeHead(this.#response.statusCode, headers)
    this.#headers = null
  }

  #write(chunk: Buffer): void {
    const sending = this.#sending
    if (sending === null) return
    const letGo = sending.keep()
    // The connection waits by itself for what is kept.
    if (letGo !== null) this.#response.write(chunk, letGo)
    else if (!this.#response.write(Buffer.from(chunk))) this.#hold(sending)
  }

  #hold(sending: Sending): void {
    sending.pause()
    if (this.#isHeld) return
    this.#isHeld = true
    this.#response.on('drain', () => sending.resume())
  }

  onEnd(): void {
    this.#over()
    const response = this.#response
    if (this.#headers !== null) {
      // One that is all here needs no chunks, which would be five writes.
      if (this.#first !== '') withLength(this.#headers, this.#first.length)
      this.#writeHead(this.#headers)
    }
    response.end(this.#first, 'latin1')
  }

  onFailure(error: Error): void {
    this.#over()
    if (!this.#response.headersSent) this.#passage.onFailure(engineFailure(error))
    else {
      if (!this.#passage.request.socket.destroyed) this.#passage.onBroken()
      // A body that breaks off must not look complete.
      this.#response.destroy()
    }
  }

  #over(): void {
    this.#passage.abort = null
    this.#upload?.stop()
  }
}

function withLength(headers: string[], length: number): void {
  for (let i = 0; i < headers.length; i += 2) if (headers[i]?.toLowerCase() === 'content-length') return
  headers.push('Content-Length', String(length))
}
