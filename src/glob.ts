/** A pattern with its stars: the text between them, in order. One piece: no star; `['', '']`: a star alone. */
export type Pieces = readonly string[]

/** Whether the whole text fits a pattern in which `*` stands for any run of characters, none included. */
export function matchesGlob(pattern: string, text: string): boolean {
  return matchesPieces(pattern.split('*'), text)
}

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
