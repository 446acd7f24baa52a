import { matchesPieces } from '../../glob.ts'
import type { Principal } from '../../identity/principal.ts'
import { quoted } from '../../text.ts'
import {
  compilePieces,
  compileSegments,
  hasTwoStars,
  hasVariable,
  isAnySegments,
  isFixed,
  type Parts,
  segmentProblem,
  splitParts,
  writtenIn,
} from './parts.ts'
import { looksLikeRegistry, normalised, parseImageId, parseReference } from './reference.ts'
import { matchesSegments } from './segments.ts'

type Problem = { readonly problem: string }

/** A reference pattern's parts: registry and repository by segment, then what is asked of tag and digest. */
interface Shape {
  readonly text: string
  readonly segments: readonly Parts[]
  readonly tag: Parts | null
  readonly digest: Parts | null
}

/** Compiles a pattern of image references, as `compilePattern` describes it. One that can never match is a problem. */
export function compileReferencePattern(
  text: string,
  parts: Parts,
): ((value: string, principal: Principal) => boolean) | Problem {
  const shape = shapeOf(text, parts)
  if (shape === null) return { problem: `${quoted(text, 80)} is no image reference` }
  const problem = isFixed(parts) ? fixedProblem(text) : (nameProblem(shape) ?? endProblem(shape))
  if (problem !== null) return { problem }

  const name = compileSegments(shape.segments)
  const tag = shape.tag === null ? null : compilePieces(shape.tag)
  const digest = shape.digest === null ? null : compilePieces(shape.digest)
  return (value, principal) => {
    const reference = parseReference(value)
    const pattern = reference === null ? null : name(principal)
    if (reference === null || pattern === null) return false
    if (!matchesSegments(pattern, [reference.registry, ...reference.repository.split('/')])) return false
    if (digest !== null) return fits(digest(principal), reference.digest)
    return tag === null || (reference.digest === null && fits(tag(principal), reference.tag))
  }
}

function fits(pieces: readonly string[] | null, text: string | null): boolean {
  return pieces !== null && text !== null && matchesPieces(pieces, text)
}

function shapeOf(text: string, parts: Parts): Shape | null {
  const [named, digest, ...more] = splitParts(parts, '@')
  if (named === undefined || more.length > 0) return null
  const segments = splitParts(named, '/')
  const [last, tag, ...colons] = splitParts(segments.pop() ?? [], ':')
  if (last === undefined || colons.length > 0) return null
  return { text, segments: [...segments, last], tag: tag ?? null, digest: digest ?? null }
}

/** A pattern that names one reference, which must be written in its normalised form: one thing has one spelling. */
function fixedProblem(text: string): string | null {
  if (parseImageId(text) !== null)
    return `${quoted(text, 80)} is an image's id: write its name, with "@sha256:…" behind it`
  const reference = parseReference(text)
  if (reference === null) {
    const lower = parseReference(text.toLowerCase()) === null ? '' : ': repositories are in lower case'
    return `${quoted(text, 80)} is no image reference${lower}`
  }
  const full = normalised(reference)
  if (full === text) return null
  const host = text.includes('.') && !/[/@:]/.test(text)
  const registry = host ? `; for the images of a registry, write "${text}/**"` : ''
  return `${quoted(text, 80)} is short for ${quoted(full, 160)}: write that${registry}`
}

function nameProblem({ text, segments }: Shape): string | null {
  const [registry = [], ...repository] = segments
  return (
    segmentProblem(text, segments) ?? registryProblem(text, registry, repository) ?? repositoryProblem(text, repository)
  )
}

function registryProblem(text: string, registry: Parts, repository: readonly Parts[]): string | null {
  if (isAnySegments(registry) || hasVariable(registry)) return null
  const shown = quoted(text, 80)
  const host = writtenIn(registry)
  if (repository.length === 0) {
    return host === '*'
      ? `${shown} can match nothing: a reference has a registry; for every image, write "**"`
      : `${shown} begins with no registry: write "docker.io/library/${text}"`
  }
  if (!isFixed(registry)) return /^[A-Za-z0-9.:[\]*-]+$/.test(host) ? null : `${shown} begins with no registry`
  if (host === 'index.docker.io') return `${shown} can match nothing: that registry is read as docker.io; write that`
  if (!looksLikeRegistry(host)) return `${shown} begins with no registry: write "docker.io/${text}"`
  if (parseReference(`${host}/x`) === null) return `${shown} begins with no registry`
  const [only] = repository
  if (host !== 'docker.io' || repository.length > 1 || only === undefined || isAnySegments(only) || hasVariable(only)) {
    return null
  }
  return `${shown} can match nothing: short names are read as docker.io/library/…; write "docker.io/library/${text.slice('docker.io/'.length)}"`
}

function repositoryProblem(text: string, repository: readonly Parts[]): string | null {
  const written = repository.map(writtenIn).join('')
  if (/^[a-z0-9._*-]*$/.test(written)) return null
  const why = /[A-Z]/.test(written) ? 'repositories are in lower case' : 'a repository has no such characters'
  return `${quoted(text, 80)} can match nothing: ${why}`
}

function endProblem({ text, tag, digest }: Shape): string | null {
  const shown = quoted(text, 80)
  if (tag !== null && (tag.length === 0 || !/^[A-Za-z0-9_.*-]*$/.test(writtenIn(tag)) || hasTwoStars(tag))) {
    return `${shown} has no tag behind ":"; "*" stands for any run of its characters`
  }
  if (digest === null || hasVariable(digest)) return null
  const written = writtenIn(digest)
  const sound = isFixed(digest) ? parseReference(`x@${written}`) !== null : /^[a-z0-9:*]+$/.test(written)
  return sound && !hasTwoStars(digest) ? null : `${shown} has no digest behind "@": wants sha256:… in lower case`
}
