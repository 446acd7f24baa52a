import { matchesPieces, type Pieces } from '../../glob.ts'

/** Any number of segments, none included. */
export const ANY_SEGMENTS = Symbol('**')

/** One segment of a pattern with every variable filled in. */
export type Segment = Pieces | typeof ANY_SEGMENTS

/**
 * Whether the segments fit the pattern. Goes back to the last `**` only, as an earlier one could not do better, so the
 * cost is at most the product of both lengths.
 */
export function matchesSegments(pattern: readonly Segment[], segments: readonly string[]): boolean {
  let at = 0
  let index = 0
  let afterAny = -1
  let taken = 0
  while (index < segments.length) {
    const wanted = pattern[at]
    if (wanted === ANY_SEGMENTS) {
      at += 1
      afterAny = at
      taken = index
    } else if (wanted !== undefined && matchesPieces(wanted, segments[index] ?? '')) {
      at += 1
      index += 1
    } else if (afterAny >= 0) {
      taken += 1
      at = afterAny
      index = taken
    } else return false
  }
  return pattern.slice(at).every((rest) => rest === ANY_SEGMENTS)
}
