import {
  type FoundLeftovers,
  findLeftovers,
  type Leftover,
  type Reach,
  removeLeftover,
  type Which,
} from './leftovers.ts'
import type { Removal } from './remove.ts'

/** What became of one leftover. */
export interface Outcome {
  readonly leftover: Leftover
  readonly removal: Removal
}

/**
 * Finds what is to go and removes it, one after the other; what fails does not keep the rest. Never rejects.
 *
 * @param told called for each, as soon as it is known
 * @param goesOn asked before each
 * @returns what was found
 */
export async function reap(
  which: Which,
  reach: Reach,
  told: (outcome: Outcome) => void,
  goesOn: () => boolean = () => true,
): Promise<FoundLeftovers> {
  const found = await findLeftovers(which, reach)
  for (const leftover of found.leftovers) {
    if (!goesOn()) break
    let removal: Removal
    try {
      removal = await removeLeftover(leftover, which, reach)
    } catch (error) {
      removal = { result: 'failed', why: (error as Error).message }
    }
    told({ leftover, removal })
  }
  return found
}
