import { openSync } from 'node:fs'
import { destination, pino, stdTimeFunctions } from 'pino'

/** Takes what has happened. */
export interface Records {
  write(record: object): void
}

/** Records that can be asked how their writing goes. */
export interface ObservedRecords extends Records {
  state(): RecordsState
}

export interface RecordWriter extends ObservedRecords {
  /** Resolves when everything written so far is handed to the operating system, or cannot be. */
  close(): Promise<void>
}

/** How it stands with the writing of records. */
export interface RecordsState {
  /** Absent: they go to a descriptor. */
  readonly file: string | undefined
  /** What the last write came to, when it failed: since when (milliseconds since the epoch), and why. */
  readonly failing: { readonly since: number; readonly why: string } | null
}

const STDOUT = 1
/** A disk that is slow or full does not keep the gate from ending. */
const CLOSE_MS = 5_000
/** Bytes that may wait while the disk is slow or full; beyond it records are lost. */
const MOST_WAITING = 16 * 1024 * 1024
/** After a write that failed, it is tried again. */
const RETRY_MS = 1_000
/** Raised when a field changes its name or meaning. */
const RECORD_VERSION = 1

/**
 * Opens the place where records go: one JSON line each, to a file (appended, made with mode 0600) or to standard output.
 *
 * @param otherwise the descriptor that is written to where there is no file
 * @throws Error when the file cannot be opened
 */
export function openRecords(file: string | undefined, otherwise = STDOUT): RecordWriter {
  const fd = file === undefined ? otherwise : openFile(file)
  const stream = destination({ fd, sync: false, maxLength: MOST_WAITING })
  let failing: RecordsState['failing'] = null
  let closed = false
  const fail = (why: string) => {
    if (failing === null) process.stderr.write(`dockgate: records cannot be written: ${why}\n`)
    failing = { since: failing?.since ?? Date.now(), why }
  }
  // Without this, what waits would wait for the next record.
  let retrying: NodeJS.Timeout | null = null
  const retry = () => {
    retrying = null
    if (!closed) stream.write('')
  }
  stream.on('error', ({ message }: Error) => {
    fail(message)
    if (retrying === null) retrying = setTimeout(retry, RETRY_MS).unref()
  })
  stream.on('drop', () => fail('the disk does not keep up, and records are lost'))
  // What could not be written before is written first.
  stream.on('drain', () => {
    if (failing !== null) process.stderr.write('dockgate: records can be written again\n')
    failing = null
  })
  // pino's level says nothing of a record: its place in the line goes to the version of the record's shape.
  const formatters = { level: () => ({ v: RECORD_VERSION }) }
  const logger = pino({ base: null, timestamp: stdTimeFunctions.isoTime, formatters }, stream)
  return {
    write: (record) => {
      // What still ends while the process does has nobody to write to.
      if (!closed) logger.info(record)
    },
    state: () => ({ file, failing }),
    close: () =>
      new Promise((resolve) => {
        closed = true
        // Not flushSync: it waits for ever on a full disk.
        const giveUp = () => {
          clearTimeout(timer)
          stream.destroy()
          resolve()
        }
        const timer = setTimeout(giveUp, CLOSE_MS)
        stream.once('close', giveUp)
        stream.once('error', giveUp)
        stream.end()
      }),
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'a', 0o600)
  } catch (error) {
    throw new Error(`records.file ${file}: ${(error as Error).message}`, { cause: error })
  }
}
