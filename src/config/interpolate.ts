/** `${NAME}`, `${NAME:-what else}`, and with a further `$` before it the text itself. */
const VARIABLE = /(\$?)\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}/g
/** What begins like a variable. `${claims.repository}` and other templates begin with a small letter. */
const BEGINS = /\$\{[A-Z_]/

/** What stands for a variable. */
interface Inserted {
  readonly name: string
  readonly value: string
}

/** A text with the variables in it replaced, or the first that cannot be. */
export type Interpolated =
  | { readonly text: string; readonly inserted: readonly Inserted[] }
  | { readonly problem: 'malformed' | 'unset'; readonly name: string }

const MALFORMED = { problem: 'malformed', name: '' } as const

/**
 * Replaces `${NAME}` and `${NAME:-default}` (which stands where the variable is unset or empty) in a text. Names are of
 * capital letters, digits and `_`, so that templates over claims stay as they are; `$${NAME}` is `${NAME}` as it stands.
 * What is put in is not looked at again.
 */
export function interpolate(text: string, lookUp: (name: string) => string | undefined): Interpolated {
  const inserted: Inserted[] = []
  let made = ''
  let from = 0
  for (const match of text.matchAll(VARIABLE)) {
    const [all, literal, name = '', fallback] = match
    if (BEGINS.test(text.slice(from, match.index))) return MALFORMED
    made += text.slice(from, match.index)
    from = match.index + all.length
    if (literal !== '') {
      made += all.slice(1)
      continue
    }
    const found = lookUp(name)
    const value = found === undefined || found === '' ? (fallback ?? found) : found
    if (value === undefined) return { problem: 'unset', name }
    made += value
    inserted.push({ name, value })
  }
  return BEGINS.test(text.slice(from)) ? MALFORMED : { text: made + text.slice(from), inserted }
}
