export interface TimesOptions {
  readonly name: string
  readonly help: string
  /** Upper bounds in seconds, ascending. */
  readonly bounds: readonly number[]
}

/** How long things took, by the access class of an operation. */
export interface Times extends TimesOptions {
  count(access: string, seconds: number): void
  /** Those access classes that were counted, the first one first. */
  tallies(): Iterable<readonly [access: string, tally: Readonly<Tally>]>
}

interface Tally {
  /** How many were above the bound before and not above this one; those above all bounds are only in `count`. */
  readonly within: readonly number[]
  readonly sum: number
  readonly count: number
}

/**
 * Counts durations: numbers in arrays that are there already. A histogram of prom-client writes the labels as text and looks
 * that up each time, which took as long as all else that is counted of a request; it is made of these when somebody asks.
 */
export function createTimes(options: TimesOptions): Times {
  const { bounds } = options
  const tallies = new Map<string, { within: number[]; sum: number; count: number }>()
  return {
    ...options,
    count(access, seconds) {
      let tally = tallies.get(access)
      if (tally === undefined) {
        tally = { within: bounds.map(() => 0), sum: 0, count: 0 }
        tallies.set(access, tally)
      }
      tally.sum += seconds
      tally.count += 1
      const { within } = tally
      for (let place = 0; place < within.length; place++) {
        if (seconds > (bounds[place] as number)) continue
        within[place] = (within[place] as number) + 1
        return
      }
    },
    tallies: () => tallies,
  }
}
