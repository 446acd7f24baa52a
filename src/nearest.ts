import leven from 'leven'

/** Longer words are no slips of the finger, and comparing them would take long. */
const LONGEST = 64

/**
 * The candidate that the writer probably meant: two letters or a third of the word may differ (one in words of three),
 * case not counted. Of equals, the first candidate; null when none is near.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > LONGEST) return null
  const wanted = word.toLowerCase()
  const limit = word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))
  let best: string | null = null
  let bestDistance = limit + 1
  for (const candidate of candidates) {
    const distance = leven(wanted, candidate.toLowerCase(), { maxDistance: bestDistance })
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `; did you mean "read"?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = nearest(word, candidates)
  return found === null ? '' : `; did you mean "${found}"?`
}
