import { matchesPieces } from '../../glob.ts'
import type { Principal } from '../../identity/principal.ts'
import { quoted } from '../../text.ts'
import {
  compilePieces,
  compileSegments,
  hasTwoStars,
  isAnySegments,
  type Parts,
  segmentProblem,
  splitParts,
  writtenIn,
} from './parts.ts'
import { cleanPath, segmentsOf } from './paths.ts'
import { compileReferencePattern } from './reference-pattern.ts'
import { parseRemote } from './remote.ts'
import { matchesSegments } from './segments.ts'
import { parseTemplate } from './template.ts'

/**
 * What a pattern is about, and how a value is read before it is compared:
 * - `reference`: an image reference, normalised (`parseReference`);
 * - `path`: an absolute path, cleaned (`cleanPath`);
 * - `url`: where a build's context is fetched from (`parseRemote`);
 * - `name`: any other text, as it is.
 * A value that cannot be read so matches nothing.
 */
export type PatternKind = 'reference' | 'path' | 'url' | 'name'

export interface Pattern {
  /** As the configuration has it, for messages. */
  readonly text: string
  readonly matches: (value: string, principal: Principal) => boolean
}

/** A compiled pattern, or what is wrong with its text and, where known, the place in it where that begins. */
export type PatternResult = Pattern | { readonly problem: string; readonly offset?: number }

/**
 * Compiles a pattern. `*` stands for any run of characters within a segment, none included; `**`, alone between slashes,
 * for any number of segments, none included, so `/srv/**` has `/srv` too; every other character for itself. A name has no
 * segments: `*` may stand for slashes there, and there is no `**`. Variables are those of `parseTemplate`.
 *
 * A reference without tag and digest in the pattern fits with any. With a tag it fits that tag only, and no reference
 * with a digest, as the engine would go by the digest; a reference without either has no tag, so who judges what the
 * engine makes `:latest` adds it first (`withDefaultTag`). With a digest it fits that digest, whatever the tag.
 */
export function compilePattern(text: string, kind: PatternKind): PatternResult {
  const template = parseTemplate(text)
  if ('problem' in template) return template
  const { parts } = template
  if (text === '' || !text.isWellFormed() || /[\0-\x1f\x7f]/.test(text)) {
    return { problem: `${quoted(text, 80)} is no pattern: it is empty or holds a control character` }
  }
  const compiled = COMPILERS[kind](text, parts)
  return typeof compiled === 'function' ? { text, matches: compiled } : compiled
}

/** Whether one of the patterns matches. */
export function matchesAny(patterns: readonly Pattern[], value: string, principal: Principal): boolean {
  return patterns.some((pattern) => pattern.matches(value, principal))
}

const EXAMPLE_URL = 'https://github.com/acme/*'

type Compiled = Pattern['matches'] | { readonly problem: string }

const COMPILERS: Readonly<Record<PatternKind, (text: string, parts: Parts) => Compiled>> = {
  reference: compileReferencePattern,
  path: compilePath,
  url: compileUrl,
  name: compileName,
}

function compileName(text: string, parts: Parts): Compiled {
  if (hasTwoStars(parts)) return { problem: `${quoted(text, 80)}: a name has no segments; write "*"` }
  const expand = compilePieces(parts)
  return (value, principal) => {
    const pieces = expand(principal)
    return pieces !== null && matchesPieces(pieces, value)
  }
}

function compilePath(text: string, parts: Parts): Compiled {
  const [before, ...segments] = splitParts(parts, '/')
  if (before === undefined || before.length > 0) {
    return { problem: `${quoted(text, 80)} is no absolute path: it begins with "/"` }
  }
  if (text === '/') return segmented([], readPath)
  return problemIn(text, segments) ?? segmented(segments, readPath)
}

function compileUrl(text: string, parts: Parts): Compiled {
  const segments = splitParts(parts, '/')
  const [scheme = [], empty = [], host = [], ...path] = segments
  const sound = ['https:', 'http:', 'git:'].includes(writtenIn(scheme)) && empty.length === 0
  if (!sound || (path.length === 0 && !isAnySegments(host))) {
    return { problem: `${quoted(text, 80)} is no pattern of URLs: wants https://host/path, such as ${EXAMPLE_URL}` }
  }
  if (/[?#@]/.test(writtenIn(parts))) {
    return { problem: `${quoted(text, 80)}: wants a URL without "?", "#" and "@"; any branch and directory fit` }
  }
  return problemIn(text, [host, ...path]) ?? segmented(segments, readUrl)
}

function problemIn(text: string, segments: readonly Parts[]): { readonly problem: string } | null {
  const problem = segmentProblem(text, segments)
  return problem === null ? null : { problem }
}

function readPath(value: string): string[] | null {
  const clean = cleanPath(value)
  return clean === null ? null : segmentsOf(clean)
}

function readUrl(value: string): string[] | null {
  return parseRemote(value)?.split('/') ?? null
}

function segmented(segments: readonly Parts[], read: (value: string) => string[] | null): Compiled {
  const expand = compileSegments(segments)
  return (value, principal) => {
    const found = read(value)
    const pattern = found === null ? null : expand(principal)
    return found !== null && pattern !== null && matchesSegments(pattern, found)
  }
}
