/** systemd.syntax(7), "Supported escapes". */
const ESCAPES = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['s', ' '],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
])
/** Digits behind the letter. */
const CODED: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
])
const BLANK = /\s/
const LAST_CODE_POINT = 0x10ffff

/**
 * Splits a command line into words as systemd does (systemd.syntax(7), "Quoting"): blanks part them, quotes of either kind hold them together, wherever in the word they
 * begin. Nothing is expanded. A quote without an end holds to the end of the text.
 */
export function splitWords(text: string): readonly string[] {
  const words: string[] = []
  let word: string | null = null
  let quote: string | null = null
  for (let at = 0; at < text.length; ) {
    const character = text[at] ?? ''
    if (character === '\\') {
      const { meant, length } = escapeAt(text, at)
      word = (word ?? '') + meant
      at += length
      continue
    }
    at += 1
    if (quote !== null) {
      if (character === quote) quote = null
      else word = (word ?? '') + character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (!BLANK.test(character)) word = (word ?? '') + character
    else if (word !== null) {
      words.push(word)
      word = null
    }
  }
  return word === null ? words : [...words, word]
}

/** An escape that systemd does not know stays as it is written. */
function escapeAt(text: string, at: number): { meant: string; length: number } {
  const letter = text[at + 1] ?? ''
  const meant = ESCAPES.get(letter)
  if (meant !== undefined) return { meant, length: 2 }
  const count = CODED.get(letter)
  const digits = count === undefined ? text.slice(at + 1, at + 4) : text.slice(at + 2, at + 2 + count)
  const isCode = count === undefined ? /^[0-3][0-7]{2}$/.test(digits) : /^[0-9a-fA-F]+$/.test(digits)
  const code = Number.parseInt(digits, count === undefined ? 8 : 16)
  if (!isCode || code === 0 || code > LAST_CODE_POINT || digits.length !== (count ?? 3)) {
    return { meant: `\\${letter}`, length: 1 + letter.length }
  }
  return { meant: String.fromCodePoint(code), length: digits.length + (count === undefined ? 1 : 2) }
}

/** The words as one line of a unit file, so that `splitWords` reads the same ones again. */
export function joinWords(words: readonly string[]): string {
  return words.map(unitWord).join(' ')
}

function unitWord(word: string): string {
  if (/^[^\s"'\\;]+$/.test(word)) return word
  const body = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  return `"${body}"`
}
