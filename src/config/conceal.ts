import { posix } from 'node:path'
import { printable, quoted } from '../text.ts'
import type { Replaced } from './substitute.ts'

/** Shorter values are found in any message by chance: they are concealed in those about their own place only. */
const TELLING = 8
/** A part of a value that tells something of it; messages cut long values. */
const PART = 12
/** What shorter values and words have in common with a message is common by chance. */
const WORD = 4

/**
 * A message of an issue without the values that came from the environment or from files: what is written in the
 * configuration stands in their place.
 *
 * @param path the place that the message is about; null when that is in another file
 */
export function conceal(message: string, path: readonly PropertyKey[] | null, replaced: readonly Replaced[]): string {
  let shown = message
  for (const one of replaced) {
    const { value, written, parts } = one
    const own = path !== null && touches(one.path, path)
    if (value === '' || (value.length < TELLING && !own)) continue
    const forms = formsOf(value)
    for (const form of forms) shown = shown.replaceAll(form, () => written)
    const told = [...parts.flatMap(formsOf), ...(path?.at(-1) === 'when' ? parts.flatMap(wordsOf) : [])]
    const isTold = told.some((text) => text.length >= WORD && shown.includes(text))
    if (own && (isTold || forms.some((form) => holdsPart(shown, form)))) {
      return `the value of ${written} does not fit here`
    }
  }
  return shown
}

/** How a message may show a value: as it is, made fit for a terminal, in quotes, or as a path without its detours. */
function formsOf(value: string): string[] {
  const most = Number.POSITIVE_INFINITY
  return [...new Set([value, quoted(value, most).slice(1, -1), printable(value, most), posix.normalize(value)])]
}

/** What is wrong with a condition names words of it. */
function wordsOf(value: string): string[] {
  return value.match(/[\p{L}\p{N}_]+/gu) ?? []
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
