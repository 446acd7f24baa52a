/** A segment with its stars: the text between them, in order. One piece: no star; `['', '']`: a star alone. */
export type Pieces = readonly string[]

/** Any number of segments, none included. */
export const ANY_SEGMENTS = Symbol('**')

/** One segment of a pattern with every variable filled in. */
export type Segment = Pieces | typeof ANY_SEGMENTS

/**
 * Whether the text is the pieces in their order with any characters, or none, between them. The first and the last
 * piece are held to the ends, each other one takes its first place: no other choice can do better.
 */
export function matchesPieces(pieces: Pieces, text: string): boolean {
  const first = pieces[0] ?? ''
  if (pieces.length === 1) return text === first
  const last = pieces.at(-1) ?? ''
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let from = first.length
  for (let index = 1; index < pieces.length - 1; index += 1) {
    const piece = pieces[index] ?? ''
    const found = text.indexOf(piece, from)
    if (found < 0 || found + piece.length > end) return false
    from = found + piece.length
  }
  return true
}

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
