import type { Replaced } from './substitute.ts'

/** Shorter values are found in any message by chance: they are concealed in those about their own place only. */
const TELLING = 8
/** A part of a value that tells something of it; messages cut long values. */
const PART = 12

/**
 * A message of an issue without the values that came from the environment or from files: what is written in the
 * configuration stands in their place.
 *
 * @param path the place that the message is about; null when that is in another file
 */
export function conceal(message: string, path: readonly PropertyKey[] | null, replaced: readonly Replaced[]): string {
  let shown = message
  for (const one of replaced) {
    const { value, written } = one
    const own = path !== null && touches(one.path, path)
    if (value === '' || (value.length < TELLING && !own)) continue
    shown = shown.replaceAll(value, () => written)
    if (own && holdsPart(shown, value)) return `the value of ${written} does not fit here`
  }
  return shown
}

/** One of the places holds the other, or is it. */
function touches(a: readonly PropertyKey[], b: readonly PropertyKey[]): boolean {
  const length = Math.min(a.length, b.length)
  return a.slice(0, length).every((key, index) => key === b[index])
}

function holdsPart(message: string, value: string): boolean {
  for (let from = 0; from + PART <= message.length; from += 1) {
    if (value.includes(message.slice(from, from + PART))) return true
  }
  return false
}
