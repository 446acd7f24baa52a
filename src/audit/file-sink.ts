import { openSync } from 'node:fs'
import { destination } from 'pino'
import type { RecordsConfig } from '../config/records-schema.ts'
import { CLOSE_MS, createTrouble, MOST_WAITING, type Sink } from './sink.ts'

/** What pino's destinations are. */
type SonicBoom = ReturnType<typeof destination>

const MODE = 0o600
/** After a write that failed, it is tried again. */
const RETRY_MS = 1_000
/**
 * Lines are written together where they come fast: at so many bytes, or so long after the first of them. A write each
 * costs an eighth of a small request's CPU time. What a kill may take is what this holds back.
 */
const BATCH_BYTES = 8 * 1024
const FLUSH_MS = 100

/**
 * Writes lines to a descriptor that is open already, or to a file: appended, made with mode 0600.
 *
 * @param sync each line is handed to the operating system before `write` returns, or its fate is not `written`
 * @throws Error when the file cannot be opened
 */
export function openFileSink(file: string | undefined, otherwise: number, sync: boolean): Sink {
  const fd = file === undefined ? otherwise : openFile(file)
  const stream = destination({ fd, ...writing(sync) })
  return sinkOf(stream, sync, { place: file ?? 'standard output', file: () => file })
}

/**
 * Writes lines to files that take turns: `records.jsonl` becomes `records.1.jsonl` and so on, or with a time
 * `records.2026-11-23.1.jsonl`. The oldest are removed.
 *
 * @throws Error (as a rejection) when the file cannot be opened
 */
export async function openRotatingSink(
  file: string,
  { size, every, keep }: NonNullable<RecordsConfig['rotate']>,
  sync: boolean,
): Promise<Sink> {
  // Its dates take a while to load, and most gates do without.
  const { default: roll } = await import('pino-roll')
  const stream = await roll({
    file,
    ...(size === undefined ? {} : { size: `${size}b` }),
    // Only with a date in its name does pino-roll find the newest of yesterday's files.
    ...(every === 'day' ? { frequency: 'daily', dateFormat: 'yyyy-MM-dd' } : {}),
    ...(every === 'hour' ? { frequency: 'hourly', dateFormat: 'yyyy-MM-dd-HH' } : {}),
    limit: { count: keep, removeOtherLogFiles: true },
    mode: MODE,
    ...writing(sync),
  })
  if (!sync) await opened(stream, file)
  const current = () => (stream as SonicBoom & { readonly file: string }).file
  return sinkOf(stream, sync, { place: file, file: current })
}

function opened(stream: SonicBoom, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('ready', resolve)
    stream.once('error', (error: Error) => reject(openError(file, error)))
  })
}

const writing = (sync: boolean) => ({ sync, maxLength: MOST_WAITING, minLength: sync ? 0 : BATCH_BYTES })

function sinkOf(stream: SonicBoom, sync: boolean, where: { readonly place: string; file(): string | undefined }): Sink {
  const trouble = createTrouble()
  let closed = false
  let failed = false
  // Without this, what waits would wait for the next record.
  let retrying: NodeJS.Timeout | null = null
  const retry = () => {
    retrying = null
    if (!closed) stream.write('')
  }
  stream.on('error', ({ message }: Error) => {
    failed = true
    trouble.fail(message)
    if (retrying === null) retrying = setTimeout(retry, RETRY_MS).unref()
  })
  let dropped = false
  stream.on('drop', () => {
    dropped = true
    trouble.lose('the disk does not keep up, and records are lost')
  })
  let flushing: NodeJS.Timeout | null = null
  let isFlushDue = false
  const flush = () => {
    flushing = null
    isFlushDue = true
    if (!closed) stream.flush()
  }
  stream.on('drain', () => {
    // What could not be written before is written first.
    trouble.over()
    // The time may have come while a write was under way, after which sonic-boom waits for a full batch again.
    const isDue = isFlushDue
    isFlushDue = false
    if (isDue && !closed) stream.flush()
  })
  return {
    write(line) {
      failed = false
      dropped = false
      stream.write(line)
      if (dropped) return 'lost'
      if (!sync && flushing === null) flushing = setTimeout(flush, FLUSH_MS).unref()
      // In sync mode an error comes before the call returns, also of what had waited before this line.
      return sync && !failed ? 'written' : 'waiting'
    },
    state: () => ({ place: where.place, file: where.file(), ...trouble.state() }),
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
    return openSync(file, 'a', MODE)
  } catch (error) {
    throw openError(file, error as Error)
  }
}

function openError(file: string, cause: Error): Error {
  return new Error(`records.file ${file}: ${cause.message}`, { cause })
}
