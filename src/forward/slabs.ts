/** Bytes that are read at once. Larger buffers made Node 24 and 26 collect all the time. */
export const SLAB_BYTES = 64 * 1024
/** Slabs that nobody uses are kept for the next ones up to here (1 MiB); what a peak took beyond it goes to the collector. */
const MOST_KEPT = 16

/**
 * A buffer that is read into again and again, which is what bulk streams live by: a fresh buffer for each read keeps the
 * collector busy, and the process large. Whoever still writes its bytes to the other side holds it meanwhile.
 */
export class Slab {
  readonly buffer: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES)
  #holders = 0

  /** Keeps the bytes as they are until the function that it returns is called. */
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

const kept: Slab[] = []

export const takeSlab = (): Slab => kept.pop() ?? new Slab()

/** To be called once when nobody reads into it nor holds it. */
export function returnSlab(slab: Slab): void {
  if (kept.length < MOST_KEPT) kept.push(slab)
}
