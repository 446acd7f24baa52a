/** Time, as far as identities depend on it; a test brings its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Acts once after so many milliseconds, unless the function that it returns is called before. Keeps no process alive. */
  after(milliseconds: number, act: () => void): () => void
}

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  after(milliseconds, act) {
    const timer = setTimeout(act, milliseconds).unref()
    return () => clearTimeout(timer)
  },
}
