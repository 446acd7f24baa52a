/** Counts what is under way, so that closing can wait until the last record is written. */
export interface OpenExchanges {
  enter(): void
  leave(): void
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

export function createOpenExchanges(): OpenExchanges {
  let open = 0
  let waiting: (() => void)[] = []
  return {
    enter() {
      open++
    },
    leave() {
      open--
      if (open > 0) return
      for (const resolve of waiting) resolve()
      waiting = []
    },
    idle: () => (open === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  }
}
