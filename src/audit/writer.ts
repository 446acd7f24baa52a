import { openSync } from 'node:fs'
import { destination, pino, stdTimeFunctions } from 'pino'

export interface RecordWriter {
  write(record: object): void
  /** Everything written so far is handed to the operating system before this returns. */
  close(): void
}

const STDOUT = 1
/** Raised when a field changes its name or meaning. */
const RECORD_VERSION = 1

/**
 * Opens the place where records go: one JSON line each, to a file (appended, made with mode 0600) or to standard output.
 *
 * @throws Error when the file cannot be opened
 */
export function openRecords(file: string | undefined): RecordWriter {
  const stream = destination({ fd: file === undefined ? STDOUT : openFile(file), sync: false })
  let failed = false
  stream.on('error', (error: Error) => {
    if (!failed) process.stderr.write(`dockgate: records cannot be written: ${error.message}\n`)
    failed = true
  })
  // pino's level says nothing of a record: its place in the line goes to the version of the record's shape.
  const formatters = { level: () => ({ v: RECORD_VERSION }) }
  const logger = pino({ base: null, timestamp: stdTimeFunctions.isoTime, formatters }, stream)
  return {
    write: (record) => logger.info(record),
    close: () => {
      try {
        stream.flushSync()
      } catch {
        // A closed pipe: the error handler above has said so.
      }
      stream.end()
    },
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'a', 0o600)
  } catch (error) {
    throw new Error(`records.file ${file}: ${(error as Error).message}`, { cause: error })
  }
}
