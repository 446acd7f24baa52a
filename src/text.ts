/**
 * Text from outside (claims, certificate names, object names) made fit to be shown to a person or written to a log.
 */

/** Printable ASCII: nothing to replace. */
const PLAIN = /^[\x20-\x7e]*$/

/**
 * What is replaced: controls (CR, LF, ANSI's ESC), format characters (bidirectional overrides, zero-width ones, tags),
 * lone surrogates, private and unassigned code points, line and paragraph separators, and every space but U+0020.
 */
const UNSAFE = /[\p{C}\p{Z}]/u

/**
 * The text on one line: what a terminal or a log reader would act on is written as `\u{…}`, and what is longer than
 * `max` UTF-16 units ends in `…`. The result never has more than `max` units.
 */
export function printable(text: string, max: number): string {
  if (text.length <= max && PLAIN.test(text)) return text
  if (max < 1) return ''
  let shown = ''
  let cut = 0
  // One code point takes at least one unit: what lies behind the first max + 1 units cannot be shown.
  for (const character of text.slice(0, max + 1)) {
    shown += isUnsafe(character) ? escapeOf(character) : character
    if (shown.length > max) return `${shown.slice(0, cut)}…`
    if (shown.length < max) cut = shown.length
  }
  return shown
}

/** `printable` in double quotes, with quotes and backslashes in the text escaped: its end cannot be forged. */
export function quoted(text: string, max = 200): string {
  return `"${printable(
    text
      .slice(0, max + 1)
      .replaceAll('\\', '\\\\')
      .replaceAll('"', '\\"'),
    max,
  )}"`
}

function isUnsafe(character: string): boolean {
  return character !== ' ' && UNSAFE.test(character)
}

function escapeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
