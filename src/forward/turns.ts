import { SLAB_BYTES } from './slabs.ts'

/*
 * Node handles everything that is ready in one turn of its event loop before it looks again. Sixteen large answers at once made
 * turns of 4 to 15 ms, which every small request waited for twice: once to be read, once to be answered.
 */

/**
 * Large reads of one turn, over all connections, each of 64 KiB; one, with the write to the client, takes 50 to 100 µs. One
 * stream alone never reads so much: the kernel holds less.
 */
export const MOST_READS = 8

interface Waiting {
  readonly goOn: () => void
  /** What it will take, if its next read is like its last. */
  readonly reads: number
}

let left = MOST_READS
/** Who goes on in the next turns, in the order in which they came. */
const waiting: Waiting[] = []
let isTurning = false

/**
 * To be called after a large read.
 *
 * @param bytes that were read
 * @returns whether more may be read in this turn of the event loop; if not, `goOn` is called in a later one
 */
export function mayReadOn(bytes: number, goOn: () => void): boolean {
  if (!isTurning) {
    isTurning = true
    setImmediate(turn)
  }
  const reads = Math.ceil(bytes / SLAB_BYTES)
  left -= reads
  if (left > 0) return true
  waiting.push({ goOn, reads })
  return false
}

function turn(): void {
  left = MOST_READS
  let count = 0
  for (let room = MOST_READS; room > 0 && count < waiting.length; count++) room -= waiting[count]?.reads ?? 0
  const next = waiting.splice(0, count)
  isTurning = waiting.length > 0
  if (isTurning) setImmediate(turn)
  for (const { goOn } of next) goOn()
}
