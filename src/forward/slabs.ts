/** Bytes that are read at once, of most answers. */
export const SLAB_BYTES = 64 * 1024
/** And of long ones, which then take a third less time. Shorter answers are faster out of memory that is still in the cache. */
export const LARGE_SLAB_BYTES = 256 * 1024
/** Slabs of each size that nobody uses are kept for the next ones up to here (1 and 2 MiB); what a peak took beyond it goes to the collector. */
const MOST_KEPT = 16
const MOST_LARGE_KEPT = 8

/**
 * A buffer that is read into again and again, which is what bulk streams live by: a fresh buffer for each read keeps the
 * collector busy, and the process large. Whoever still writes its bytes to the other side holds it meanwhile.
 */
export class Slab {
  readonly buffer: Buffer
  #holders = 0

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(bytes)
  }

  /** Keeps the bytes as they are until `letGo` is called as often. */
  hold(): void {
    this.#holders++
  }

  /** One who held it does no more. Returns whether nobody does. */
  letGo(): boolean {
    return --this.#holders === 0
  }

  get isHeld(): boolean {
    return this.#holders > 0
  }
}

type SlabBytes = typeof SLAB_BYTES | typeof LARGE_SLAB_BYTES

const kept: Slab[] = []
const largeKept: Slab[] = []

export const takeSlab = (bytes: SlabBytes): Slab => (bytes === SLAB_BYTES ? kept : largeKept).pop() ?? new Slab(bytes)

/** To be called once when nobody reads into it nor holds it. */
export function returnSlab(slab: Slab): void {
  if (slab.buffer.length === LARGE_SLAB_BYTES) {
    if (largeKept.length < MOST_LARGE_KEPT) largeKept.push(slab)
  } else if (kept.length < MOST_KEPT) kept.push(slab)
}
