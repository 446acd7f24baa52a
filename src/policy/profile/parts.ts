import type { Pieces } from '../../glob.ts'
import type { Principal } from '../../identity/principal.ts'
import { quoted } from '../../text.ts'
import { ANY_SEGMENTS, type Segment } from './segments.ts'
import type { TemplatePart } from './template.ts'

/** A pattern, or a piece of one, as it was written. */
export type Parts = readonly TemplatePart[]

/** A pattern with its variables filled in for one principal; null when one of them has no value. */
export type Expand<T> = (principal: Principal) => T | null

/** Splits at every separator that was written; what a variable stands for is never looked at. */
export function splitParts(parts: Parts, separator: string): TemplatePart[][] {
  let last: TemplatePart[] = []
  const split = [last]
  for (const part of parts) {
    if (typeof part !== 'string') {
      last.push(part)
      continue
    }
    const [head, ...rest] = part.split(separator)
    if (head) last.push(head)
    for (const text of rest) {
      last = text === '' ? [] : [text]
      split.push(last)
    }
  }
  return split
}

/** The characters that were written, without the variables. */
export function writtenIn(parts: Parts): string {
  return parts.filter((part) => typeof part === 'string').join('')
}

/** Whether it says one thing only: no star, no variable. */
export function isFixed(parts: Parts): boolean {
  return parts.every((part) => typeof part === 'string' && !part.includes('*'))
}

export function hasVariable(parts: Parts): boolean {
  return parts.some((part) => typeof part !== 'string')
}

/** Whether two stars were written side by side. */
export function hasTwoStars(parts: Parts): boolean {
  return parts.some((part) => typeof part === 'string' && part.includes('**'))
}

/** Whether it is `**` and nothing else. */
export function isAnySegments(parts: Parts): boolean {
  return parts.length === 1 && parts[0] === '**'
}

/** What could never match in segments, or would not mean what it seems to; null when nothing. */
export function segmentProblem(text: string, segments: readonly Parts[]): string | null {
  for (const parts of segments) {
    const written = writtenIn(parts)
    if (isAnySegments(parts)) continue
    if (parts.length === 0) return `${quoted(text, 80)} has an empty segment, so it can match nothing`
    if (hasTwoStars(parts)) {
      return `${quoted(text, 80)}: "**" stands for whole segments: write it alone between slashes`
    }
    if (!hasVariable(parts) && (written === '.' || written === '..')) {
      return `${quoted(text, 80)} has a segment "${written}", so it can match nothing`
    }
  }
  return null
}

/** Compiles a text without segments, in which `*` is any run of characters. */
export function compilePieces(parts: Parts): Expand<Pieces> {
  return once(parts, (principal) => {
    const pieces = ['']
    for (const part of parts) {
      const value = typeof part === 'string' ? part : part.valueFor(principal)
      if (value === null) return null
      const [head, ...rest] = typeof part === 'string' ? value.split('*') : [value]
      pieces.push(`${pieces.pop() ?? ''}${head ?? ''}`, ...rest)
    }
    return pieces
  })
}

/** Compiles segments. A value with slashes in it becomes as many segments. */
export function compileSegments(segments: readonly Parts[]): Expand<readonly Segment[]> {
  const compiled = segments.map((parts) => (isAnySegments(parts) ? ANY_SEGMENTS : compilePieces(parts)))
  return once(segments.flat(), (principal) => {
    const expanded: Segment[] = []
    for (const segment of compiled) {
      const pieces = segment === ANY_SEGMENTS ? segment : segment(principal)
      if (pieces === null) return null
      if (pieces === ANY_SEGMENTS) expanded.push(pieces)
      else expanded.push(...splitPieces(pieces))
    }
    return expanded
  })
}

function splitPieces(pieces: Pieces): Pieces[] {
  let last: string[] = []
  const segments = [last]
  for (const piece of pieces) {
    const [head, ...rest] = piece.split('/')
    last.push(head ?? '')
    for (const text of rest) {
      last = [text]
      segments.push(last)
    }
  }
  return segments
}

/** Without variables the outcome is the same for everybody, so it is made once. */
function once<T>(parts: Parts, expand: Expand<T>): Expand<T> {
  if (hasVariable(parts)) return expand
  let made: T | null | undefined
  return (principal) => {
    if (made === undefined) made = expand(principal)
    return made
  }
}
