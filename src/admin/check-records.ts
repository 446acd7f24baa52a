import { accessSync, constants, statfsSync } from 'node:fs'
import type { RecordsState } from '../audit/sink.ts'
import { whyUnreadable } from '../config/read-file.ts'
import { type Check, failingSince } from './check.ts'

/** Bytes that must be free where the record file is: about as much as waits in memory when nothing can be written. */
const LEAST_FREE = 16 * 1024 * 1024

/** Whether records can be written: the last write did not fail, and the next will find a file and room. */
export function checkRecords({ place, file, failing, lost }: RecordsState): Check {
  const name = 'records'
  const losses = lost === 0 ? '' : `; lost since the start: ${lost}`
  if (failing !== null) {
    const since = failingSince(failing.since)
    const detail = `they cannot be written since ${since}: ${failing.why}${losses}`
    return { name, ok: false, detail, failingSince: since }
  }
  if (file === undefined) return { name, ok: true, detail: `to ${place}${losses}` }
  try {
    accessSync(file, constants.W_OK)
    const { bavail, bsize } = statfsSync(file)
    const free = bavail * bsize
    const detail = `to ${file}, ${Math.floor(free / 1024 / 1024)} MiB free${losses}`
    return { name, ok: free >= LEAST_FREE, detail }
  } catch (error) {
    return { name, ok: false, detail: `${file} ${whyUnreadable(error)}` }
  }
}
