/** Milliseconds between two lines about one binding. */
const PAUSE = 60_000

/** Counts conditions that could not be evaluated, which is a non-match that nobody wrote. */
export interface ConditionErrors {
  /** @param index the binding's place in the file's list */
  note(index: number, why: string): void
  /** Tells the first error of each binding at once, and then, at most once a minute, how many there were. */
  tell(warn: (message: string) => void): void
}

interface Count {
  errors: number
  toldAt: number
}

/** @param now milliseconds since the epoch */
export function createConditionErrors(now: () => number = () => Date.now()): ConditionErrors {
  const counts = new Map<number, Count>()
  let warn: (message: string) => void = () => {}
  return {
    note(index, why) {
      const count = counts.get(index) ?? { errors: 0, toldAt: Number.NEGATIVE_INFINITY }
      counts.set(index, count)
      count.errors += 1
      if (now() - count.toldAt < PAUSE) return
      const times = count.errors === 1 ? '' : ` ${count.errors} times, the last time`
      warn(`bindings[${index}].when could not be evaluated${times}: ${why}; that counts as no match`)
      count.errors = 0
      count.toldAt = now()
    },
    tell(to) {
      warn = to
    },
  }
}
