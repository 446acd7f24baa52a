import type { RecordsConfig } from '../config/records-schema.ts'
import type { Head } from './chain.ts'
import { type Chain, createChain } from './chained.ts'
import { openFileSink, openRotatingSink } from './file-sink.ts'
import { lineOf } from './line.ts'
import { openSentSink } from './sent-sink.ts'
import type { Fate, RecordsState, Sink } from './sink.ts'
import { newestOf, readTail, type Tail } from './tail.ts'

/** Takes what has happened. */
export interface Records {
  write(record: object): void
}

/** Records that can be asked how their writing goes. */
export interface ObservedRecords extends Records {
  write(record: object): Fate
  state(): RecordsState
}

export interface RecordWriter extends ObservedRecords {
  /**
   * To be called once, before the first record, when nobody else writes to the file any more.
   *
   * @param after where the chain of the file before ended, which an empty file goes on with
   */
  begin(after: Head | null): void
  /** Where its chain ends; null where it has none. */
  head(): Head | null
  /** Resolves when everything written so far is handed to the operating system, or cannot be. */
  close(): Promise<void>
  /** Instead of `begin`: closes it, and nothing was written. */
  discard(): Promise<void>
}

export interface RecordsOptions extends RecordsConfig {
  /** Each record is handed to the operating system before `write` returns, or its fate is not `written`. */
  readonly required?: boolean
}

const STDOUT = 1

/**
 * Opens the place where records go, one JSON line each.
 *
 * @param otherwise the descriptor that is written to where no place is given
 * @throws Error (as a rejection) when the file cannot be opened
 */
export async function openRecords(options: RecordsOptions, otherwise = STDOUT): Promise<RecordWriter> {
  const found = endOf(options)
  const sink = await openSink(options, otherwise)
  const chain = openChain(options, sink, () => checkpoint())
  let closed = false

  function put(record: object): Fate {
    // The destinations are pino's; its way to a line is for objects of which nothing is known, and cost a tenth of a ping.
    const line = lineOf(record, Date.now(), chain?.fields() ?? null)
    return chain === null ? sink.write(line, record) : chain.write(line, record, sink)
  }

  function checkpoint(): void {
    if (!closed && chain !== null) put(chain.checkpoint('interval'))
  }

  return {
    write(record) {
      // What still ends while the process does has nobody to write to.
      if (closed) return 'lost'
      const own = put(record)
      if (chain?.isDue()) checkpoint()
      return own
    },
    begin(after) {
      // Whoever wrote to the file until now may have gone on since it was opened.
      const end = after === null ? found : endOf(options)
      // What was broken off stays as it is, on a line of its own.
      if (end?.tail.torn && end.file === sink.state().file) sink.write('\n', {})
      if (chain !== null) put(chain.begin(end?.tail ?? null, after))
    },
    head: () => chain?.head() ?? null,
    state: sink.state,
    close() {
      if (!closed && chain !== null) put(chain.checkpoint('close'))
      closed = true
      return sink.close()
    },
    discard: sink.close,
  }
}

/** What is at the end of the newest file; null where there is none. */
function endOf({ file, rotate }: RecordsOptions): { readonly file: string; readonly tail: Tail } | null {
  const newest = file === undefined || rotate === undefined ? file : newestOf(file)
  return newest === undefined || newest === null ? null : { file: newest, tail: readTail(newest) }
}

async function openSink(options: RecordsOptions, otherwise: number): Promise<Sink> {
  const { file, rotate, syslog, socket, authorities, required = false } = options
  const address = syslog ?? socket
  if (address !== undefined) return openSentSink({ address, syslog: syslog !== undefined, authorities })
  if (file === undefined || rotate === undefined) return openFileSink(file, otherwise, required)
  return openRotatingSink(file, rotate, required)
}

/** @throws Error when lines would not come behind those that are there */
function openChain({ file, rotate, chain }: RecordsOptions, sink: Sink, due: () => void): Chain | null {
  if (chain === undefined || file === undefined) return null
  const { file: current } = sink.state()
  const newest = rotate === undefined ? current : newestOf(file)
  if (newest !== current) {
    void sink.close()
    throw new Error(`records.file ${file}: ${newest} is newer than ${current}, where records would go: move it away`)
  }
  return createChain(chain, due)
}
