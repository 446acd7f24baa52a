import { checkArchive } from '../inspect/archive-stream.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import { clientBody, leftInside } from './client-body.ts'
import type { Sending } from './connection.ts'
import type { Passage } from './passage.ts'
import { release } from './release.ts'
import type { StreamedBody } from './request-head.ts'

type Streamed = Extract<CheckedRequest['body'], { kind: 'stream' }>

/**
 * The client's body on its way to the engine, piece by piece and with back-pressure: as it comes, or checked as an archive.
 * It is complete for the engine only when it is for the client.
 */
export class Upload implements StreamedBody {
  readonly length: number | null
  readonly #passage: Passage
  readonly #archive: Streamed['archive']
  readonly #refuse: (error: unknown) => void
  #sending: Sending | null = null
  #onDrained: () => void = () => {}

  /** @param refuse called once with what is wrong with the body, if anything is; nothing more is sent then */
  constructor(passage: Passage, { length, archive }: Streamed, refuse: (error: unknown) => void) {
    this.length = length
    this.#passage = passage
    this.#archive = archive
    this.#refuse = refuse
  }

  begin(sending: Sending): void {
    this.#sending = sending
    if (this.#archive !== null) {
      void this.#sendArchive(checkArchive(clientBody(this.#passage), this.#archive))
      return
    }
    const { request } = this.#passage
    if (request.destroyed) {
      this.#fail(leftInside())
      return
    }
    const resume = () => void request.resume()
    this.#onDrained = resume
    request.on('data', this.#onData)
    request.on('end', this.#onEnd)
  }

  /** Nobody wants more of it. What the client still sends is its reader's, who drops it. */
  stop(): void {
    this.#sending = null
    this.#passage.request.off('data', this.#onData).off('end', this.#onEnd)
    this.#onDrained()
  }

  onDrain(): void {
    this.#onDrained()
  }

  /** Events, and no loop over them: the loop's promises were a tenth of what such a body costs. */
  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#passage.onBytesIn(chunk.length)
      if (!this.#write(chunk)) this.#passage.request.pause()
    } catch (error) {
      this.#fail(error)
    }
  }

  readonly #onEnd = (): void => {
    try {
      this.#sending?.finish()
    } catch (error) {
      this.#fail(error)
    }
  }

  async #sendArchive(pieces: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const piece of pieces) {
        if (this.#sending === null) return
        if (!this.#write(piece)) await new Promise<void>((resolve) => this.#waitFor(resolve))
      }
      this.#sending?.finish()
    } catch (error) {
      this.#fail(error)
    }
  }

  #waitFor(resolve: () => void): void {
    this.#onDrained = resolve
  }

  #write(piece: Buffer): boolean {
    return this.#sending === null || this.#sending.write(piece, () => release(piece))
  }

  #fail(error: unknown): void {
    if (this.#sending === null) return
    this.stop()
    this.#refuse(error)
  }
}
