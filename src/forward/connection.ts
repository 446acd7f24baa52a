import type net from 'node:net'
import { AnswerReader, type AnswerReceiver } from './answer-reader.ts'
import type { EngineRequest, StreamedBody } from './request-head.ts'
import { LARGE_SLAB_BYTES, returnSlab, SLAB_BYTES, type Slab, takeSlab } from './slabs.ts'
import { mayReadOn } from './turns.ts'

/** Takes the answer to one request. */
export interface AnswerTaker extends AnswerReceiver {
  /** All that was read together has been told. Not called after `onEnd`. */
  onRead(): void
  /** The answer did not come, or broke off: the last that is told. */
  onFailure(error: Error): void
}

/** A request that is under way. */
export interface Sending {
  /** Ends the connection, if the answer is not complete. Nothing more is told. */
  abort(): void
  /** Reads nothing more until `resume`. */
  pause(): void
  resume(): void
  /**
   * In `onBody`: keeps the buffer as it is until the function that is returned is called, which must be called once.
   * Null: it cannot be kept, and what is not used before `onBody` returns has to be copied.
   */
  keep(): (() => void) | null
  /**
   * Writes the next piece of a body that streams, and calls `done` when its memory is no longer needed. Returns whether more
   * may come at once; otherwise the body is told by `onDrain`. What comes after the answer is dropped: nobody wants it.
   *
   * @throws Error when the body gets longer than it says
   */
  write(piece: Buffer, done: () => void): boolean
  /**
   * The body that streams is complete.
   *
   * @throws Error when it is shorter than it says
   */
  finish(): void
}

/** What one connection is told by its owner. */
export interface Owner {
  connect(onread: net.OnReadOpts): net.Socket
  over(connection: Connection): void
  idle(connection: Connection): void
}

/** Slabs of one answer that the client's side has not taken yet: then the engine is read no further. At most 1.25 MiB with the next. */
const MOST_HELD = 4
/** After a read of so much, the connection gets a buffer of its own for the next: its answers are large ones. */
const BULK_BYTES = 8 * 1024
/** An answer that has come so far is a long one. */
const LONG_BYTES = 2 * 1024 * 1024
/** So much of a body waits here for the engine to read it; then its source has to wait. */
const MOST_UNSENT = 512 * 1024

/**
 * What all connections read into but those of bulk streams: what is read is used up before another one reads.
 * A buffer each would make a thousand open `events` dear.
 */
const SHARED = Buffer.allocUnsafeSlow(SLAB_BYTES)

/** One connection, for one request after the other: HTTP/1.1, not pipelined. */
export class Connection implements Sending {
  /** Monotonic milliseconds. */
  idleSince = 0
  readonly #owner: Owner
  readonly #socket: net.Socket
  readonly #reader = new AnswerReader()
  #taker: AnswerTaker | null = null
  #error: Error | null = null
  /** What is read into; null: the shared buffer. */
  #slab: Slab | null = null
  /** Slabs that are held and no longer read into. */
  #held = 0
  /** Bytes that were read of the answer. */
  #read = 0
  #isPaused = false
  /** Enough of large answers was read in this turn of the event loop. */
  #isWaiting = false
  /** While it is not complete. */
  #body: StreamedBody | null = null
  /** What is still to be written before its next piece: the head waits, as one whose first piece is refused is not sent. */
  #head = ''
  /** Bytes of it that are still to come, where that is known. */
  #unsent = 0

  constructor(owner: Owner) {
    this.#owner = owner
    this.#socket = owner.connect({
      buffer: () => this.#slab?.buffer ?? SHARED,
      callback: (bytes, buffer) => {
        this.#onRead(buffer as Buffer, bytes)
        return true
      },
    })
    this.#socket.on('error', (error) => {
      this.#error = error
    })
    this.#socket.on('end', () => this.#onEnd())
    this.#socket.on('drain', () => this.#body?.onDrain())
    this.#socket.on('close', () => this.#onClose())
  }

  send(request: EngineRequest, head: string, taker: AnswerTaker): void {
    this.#taker = taker
    this.#read = 0
    this.#reader.begin(request.method, taker)
    const { body } = request
    if (body !== null && !Buffer.isBuffer(body)) {
      this.#expectBody(body, head)
      return
    }
    if (body === null || body.length === 0) {
      this.#socket.write(head, 'latin1')
      return
    }
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    this.#socket.write(body)
    this.#socket.uncork()
  }

  #expectBody(body: StreamedBody, head: string): void {
    this.#body = body
    this.#head = head
    this.#unsent = body.length ?? Number.POSITIVE_INFINITY
  }

  write(piece: Buffer, done: () => void): boolean {
    if (this.#body === null || this.#taker === null) {
      done()
      return true
    }
    this.#unsent -= piece.length
    // Or the engine would take the rest for the next request.
    if (this.#unsent < 0) throw new Error('a body that is longer than it says')
    // A chunk of no bytes would be the last one.
    const isChunk = this.#body.length === null && piece.length > 0
    if (isChunk) this.#head += `${piece.length.toString(16)}\r\n`
    this.#socket.cork()
    this.#writeHead()
    this.#socket.write(piece, done)
    if (isChunk) this.#socket.write('\r\n', 'latin1')
    this.#socket.uncork()
    return this.#socket.writableLength < MOST_UNSENT
  }

  #writeHead(): void {
    if (this.#head !== '') this.#socket.write(this.#head, 'latin1')
    this.#head = ''
  }

  finish(): void {
    if (this.#body === null || this.#taker === null) return
    if (this.#body.length === null) this.#head += '0\r\n\r\n'
    else if (this.#unsent > 0) throw new Error('a body that is shorter than it says')
    this.#writeHead()
    this.#body = null
  }

  abort(): void {
    this.#taker = null
    this.#reader.forget()
    this.destroy()
  }

  destroy(): void {
    // Its close is told later, and nobody may be given it until then.
    this.#owner.over(this)
    this.#socket.destroy()
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#readOn()
  }

  #readOn(): void {
    if (this.#held < MOST_HELD && !this.#isPaused && !this.#isWaiting) this.#socket.resume()
  }

  keep(): (() => void) | null {
    const slab = this.#slab
    if (slab === null) return null
    slab.hold()
    return () => this.#letGo(slab)
  }

  #letGo(slab: Slab): void {
    if (!slab.letGo() || slab === this.#slab) return
    returnSlab(slab)
    if (this.#held-- === MOST_HELD) this.#readOn()
  }

  #onRead(buffer: Buffer, bytes: number): void {
    if (this.#taker === null) {
      // An answer to no request.
      this.destroy()
      return
    }
    try {
      const used = this.#reader.read(buffer, bytes)
      this.#turn(bytes)
      if (this.#reader.isDone) this.#free(used === bytes)
      else {
        this.#taker?.onRead()
        if (bytes >= BULK_BYTES) this.#leaveRoom(bytes)
      }
    } catch (error) {
      this.#error = error as Error
      this.destroy()
    }
  }

  /** Others want to be read as well. */
  #leaveRoom(bytes: number): void {
    const goOn = () => {
      this.#isWaiting = false
      this.#readOn()
    }
    if (this.#isWaiting || mayReadOn(bytes, goOn)) return
    this.#isWaiting = true
    this.#socket.pause()
  }

  /** Chooses what the next read goes into. */
  #turn(bytes: number): void {
    this.#read += bytes
    const wanted = this.#read < LONG_BYTES ? SLAB_BYTES : LARGE_SLAB_BYTES
    const isBulk = bytes >= BULK_BYTES
    const slab = this.#slab
    if (isBulk && slab?.isHeld === false && slab.buffer.length === wanted) return
    this.#slab = isBulk ? takeSlab(wanted) : null
    if (slab === null) return
    if (!slab.isHeld) returnSlab(slab)
    else if (++this.#held === MOST_HELD) this.#socket.pause()
  }

  /** The answer is complete. Only a connection on which nothing else is under way is used again. */
  #free(isClean: boolean): void {
    this.#taker = null
    this.#isPaused = false
    // What is missing of its body would be read out of the next request.
    const isSent = this.#body === null
    if (!isSent || !isClean || !this.#reader.keepsAlive || this.#socket.writableLength > 0 || this.#socket.destroyed) {
      this.destroy()
      return
    }
    this.#socket.resume()
    this.idleSince = performance.now()
    this.#owner.idle(this)
  }

  #onEnd(): void {
    try {
      if (this.#taker !== null) this.#reader.end()
      this.#taker = null
    } catch (error) {
      this.#error ??= error as Error
    }
    this.destroy()
  }

  #onClose(): void {
    this.#owner.over(this)
    const taker = this.#taker
    this.#taker = null
    if (this.#slab !== null && !this.#slab.isHeld) returnSlab(this.#slab)
    this.#slab = null
    taker?.onFailure(this.#error ?? new Error('the connection was closed'))
  }
}
