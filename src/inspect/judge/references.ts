import { matchesAny, type Pattern } from '../../policy/profile/pattern.ts'
import {
  type ImageReference,
  normalised,
  parseReference,
  withDefaultTag,
  withTagOrDigest,
} from '../../policy/profile/reference.ts'
import { listed, type QueryRequest, shownText } from './query-request.ts'

/*
 * Image references in queries and paths: read once, judged in their normalised form, and sent in it.
 */

interface Asked {
  readonly field: string
  readonly text: string
  readonly key: string
  readonly patterns: readonly Pattern[]
}

const NO_REFERENCE = 'it is no image reference; ids are none'

/** Whether the role allows every image, which those have that are named by id. */
function allowsEvery(patterns: readonly Pattern[]): boolean {
  return patterns.some(({ text }) => text === '**')
}

/** An image that is looked up: by the name that the engine makes of it, `:latest` included. Answers what to send. */
export function allowedReference(request: QueryRequest, { field, text, key, patterns }: Asked): string {
  const reference = parseReference(text)
  if (reference === null) {
    if (!allowsEvery(patterns)) request.refuse(field, shownText(text), key, NO_REFERENCE)
    return text
  }
  const full = normalised(withDefaultTag(reference))
  if (!matchesAny(patterns, full, request.context.principal)) {
    request.refuse(field, shownText(full), key, listed(key, patterns))
  }
  return full
}

/** A name with what stands in a `tag` parameter, judged as it is: without tag and digest it is every tag there is. */
export function judgeNameAndTag(request: QueryRequest, asked: Asked, tag: string): ImageReference | null {
  const { field, text, key, patterns } = asked
  const named = parseReference(text)
  const reference = named === null || tag === '' ? named : withTagOrDigest(named, tag)
  if (reference === null) {
    const shown = named === null ? shownText(text) : `${shownText(text)} with the tag ${shownText(tag)}`
    request.refuse(field, shown, key, NO_REFERENCE)
    return null
  }
  const full = normalised(reference)
  if (!matchesAny(patterns, full, request.context.principal)) {
    const every = reference.tag === null && reference.digest === null ? ', every tag of it' : ''
    request.refuse(field, `${shownText(full)}${every}`, key, listed(key, patterns))
  }
  return reference
}

/** A name that an image gets: an image that has it loses it. A tag beside it counts instead of its own. Answers what to send. */
export function judgeTag(request: QueryRequest, field: string, text: string, tag: string): string {
  const named = parseReference(text)
  const reference = named === null || tag === '' ? named : withTagOrDigest(named, tag)
  const patterns = request.profile.build?.tags ?? []
  if (reference === null || reference.digest !== null) {
    request.refuse(field, shownText(text), 'build.tags', 'it is no name that an image can be given')
    return text
  }
  const full = normalised(withDefaultTag(reference))
  if (!matchesAny(patterns, full, request.context.principal)) {
    request.refuse(field, shownText(full), 'build.tags', listed('build.tags', patterns))
  }
  return full
}

/** `registry.acme.io/app`, without tag and digest. */
export function nameOf(reference: ImageReference): string {
  return normalised({ ...reference, tag: null, digest: null })
}
