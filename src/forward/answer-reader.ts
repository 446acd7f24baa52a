import { type AnswerHead, readAnswerHead } from './answer-head.ts'

/*
 * Answers of HTTP/1.1 on a connection of our own to the Docker Engine. A general parser makes objects and copies that cost more
 * than all the rest of a small request; this one is short, and strict in exchange: what Go's server never sends is no answer.
 */

/** What is told of one answer, in the order of the methods. What they throw goes through to the one who reads. */
export interface AnswerReceiver {
  /** The final head; interim ones are not told. `rawHeaders` is a flat name, value list. */
  onHead(status: number, rawHeaders: string[]): void
  /** Bytes of the body, without their framing: those of `buffer` from `from` to `to`. They are others once this returns. */
  onBody(buffer: Buffer, from: number, to: number): void
  onEnd(): void
}

/** The engine takes heads as large (X-Registry-Config holds every credential of a build); its own are small. */
const MOST_HEAD = 1024 * 1024
/** So many hexadecimal digits are a length that a number can hold. */
const MOST_DIGITS = 13
/** Of a trailer nothing is told; the engine sends none. */
const MOST_TRAILER = 64 * 1024

/** What the next byte is. `data` is the body's; the others are of the chunked framing (RFC 9112 section 7.1). */
type State = 'head' | 'data' | 'size' | 'size-lf' | 'data-cr' | 'data-lf' | 'trailer' | 'done'

const CR = 0x0d
const LF = 0x0a

/** Reads one answer after the other: `begin` each time, then `read` until it is done. */
export class AnswerReader {
  #state: State = 'done'
  #method = ''
  #receiver: AnswerReceiver | null = null
  /** What has come of an unfinished head. */
  #text = ''
  #head: AnswerHead | null = null
  /** Bytes that the body, or its chunk, still has; infinite up to the connection's end. */
  #left = 0
  /** Digits of a size; characters of a trailer. */
  #count = 0
  /** Characters of the trailer's last line. */
  #line = 0

  /** @param method of the request that is answered */
  begin(method: string, receiver: AnswerReceiver): void {
    this.#state = 'head'
    this.#method = method
    this.#receiver = receiver
    this.#head = null
  }

  /** Nothing more is told of this answer. */
  forget(): void {
    this.#receiver = null
  }

  get isDone(): boolean {
    return this.#state === 'done'
  }

  /** Whether another request may follow on the connection, once this answer is done. */
  get keepsAlive(): boolean {
    return this.#head?.keepsAlive ?? false
  }

  /**
   * Takes the first `to` bytes of `buffer`, which were read.
   *
   * @returns how many of them belong to the answer: fewer only when it is done
   * @throws Error when they are no answer, and whatever the receiver throws
   */
  read(buffer: Buffer, to: number): number {
    let at = 0
    while (at < to && this.#state !== 'done') {
      if (this.#state === 'head') at = this.#readHead(buffer, at, to)
      else if (this.#state === 'data') at = this.#readData(buffer, at, to)
      else this.#readFraming(buffer[at++] as number)
    }
    return at
  }

  /**
   * The connection has ended.
   *
   * @throws Error when the answer has not
   */
  end(): void {
    if (this.#state !== 'data' || this.#head?.framing.kind !== 'close') {
      throw new Error('the connection ended before the answer')
    }
    this.#finish()
  }

  #readHead(buffer: Buffer, at: number, to: number): number {
    const before = this.#text.length
    const text = this.#text + buffer.toString('latin1', at, to)
    const end = text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    if (end < 0) {
      if (text.length > MOST_HEAD) throw new Error('the head of an answer is too large')
      this.#text = text
      return to
    }
    this.#text = ''
    const head = readAnswerHead(text.slice(0, end), this.#method)
    if (head.status >= 200) this.#begin(head)
    else if (head.status === 101) throw new Error('an answer that switches protocols unasked')
    return at + end + 4 - before
  }

  #begin(head: AnswerHead): void {
    const { framing } = head
    this.#head = head
    this.#receiver?.onHead(head.status, head.rawHeaders)
    if (framing.kind === 'none') this.#finish()
    else if (framing.kind === 'chunked') this.#expectSize()
    else {
      this.#left = framing.kind === 'length' ? framing.length : Number.POSITIVE_INFINITY
      this.#state = 'data'
    }
  }

  #readData(buffer: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.#left)
    this.#left -= end - at
    this.#receiver?.onBody(buffer, at, end)
    if (this.#left > 0) return end
    if (this.#head?.framing.kind === 'chunked') this.#state = 'data-cr'
    else this.#finish()
    return end
  }

  #expectSize(): void {
    this.#left = 0
    this.#count = 0
    this.#state = 'size'
  }

  #readFraming(byte: number): void {
    switch (this.#state) {
      case 'size':
        this.#readSize(byte)
        return
      case 'size-lf':
        expect(byte, LF)
        this.#count = 0
        this.#line = 0
        this.#state = this.#left === 0 ? 'trailer' : 'data'
        return
      case 'data-cr':
        expect(byte, CR)
        this.#state = 'data-lf'
        return
      case 'data-lf':
        expect(byte, LF)
        this.#expectSize()
        return
      case 'trailer':
        this.#readTrailer(byte)
    }
  }

  #readSize(byte: number): void {
    if (byte === CR && this.#count > 0) {
      this.#state = 'size-lf'
      return
    }
    const digit = digitOf(byte)
    // Chunk extensions are refused with the rest: Go's server has none.
    if (digit < 0 || ++this.#count > MOST_DIGITS) throw new Error('a chunk without a size')
    this.#left = this.#left * 16 + digit
  }

  /** Ends at an empty line. */
  #readTrailer(byte: number): void {
    if (++this.#count > MOST_TRAILER) throw new Error('the trailer of an answer is too large')
    if (byte === LF && this.#line === 0) this.#finish()
    else if (byte === LF) this.#line = 0
    else if (byte !== CR) this.#line++
  }

  #finish(): void {
    this.#state = 'done'
    this.#receiver?.onEnd()
  }
}

function expect(byte: number, wanted: number): void {
  if (byte !== wanted) throw new Error('a chunk that does not end where it says')
}

/** Of a hexadecimal digit; -1 for anything else. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
