import { vi } from 'vitest'

/*
 * How long a test waits at least for what must come, whatever it says. Vitest's own is one second: on a busy machine
 * that fails a test with nothing wrong, and what comes in time is not waited for any longer.
 */
const PATIENCE_MS = 15_000

const { waitFor } = vi
vi.waitFor = (callback, options = {}) => {
  const { timeout = 0, ...more } = typeof options === 'number' ? { timeout: options } : options
  return waitFor(callback, { ...more, timeout: Math.max(timeout, PATIENCE_MS) })
}
