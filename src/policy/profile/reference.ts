/**
 * Image references after github.com/distribution/reference v0.6.0 (what Docker Engine 28 has), in their normalised form.
 * Stricter than it in three things:
 * - a registry must be one (there, `foo_bar.io/x` is a repository without a registry);
 * - a registry has at most 259 characters;
 * - the familiar form must mean the same: the engine keeps images under it, so that there `docker.io/acme.io/app` is one
 *   image with `acme.io/app`, which is another registry's.
 * Engines before 23 read a first segment with capitals as a part of the repository, and then refuse it.
 */
export interface ImageReference {
  /** `docker.io`, `localhost:5000`, `[fd00::1]:5000`; as written, its case kept. */
  readonly registry: string
  /** `library/alpine`; never with a leading or trailing slash. */
  readonly repository: string
  readonly tag: string | null
  /** `sha256:…`. Where there is one, the engine goes by it and not by the tag. */
  readonly digest: string | null
}

const DEFAULT_REGISTRY = 'docker.io'
/** Docker Hub's old name, which the engine takes for the new one. */
const LEGACY_REGISTRY = 'index.docker.io'
const OFFICIAL = 'library/'

const REPOSITORY_LENGTH = 255
const TAG_LENGTH = 128
/** A name of DNS (253), a colon and a port. */
const REGISTRY_LENGTH = 259
const DIGEST_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
])
const LONGEST = REGISTRY_LENGTH + 1 + REPOSITORY_LENGTH + 1 + TAG_LENGTH + 1 + 'sha512:'.length + 128

/**
 * Reads `[registry/]repository[:tag][@digest]` as the engine's `ParseNormalizedNamed` does: `alpine` is
 * `docker.io/library/alpine`. Null when it is none, and for what the engine takes for an image's id elsewhere.
 */
export function parseReference(text: string): ImageReference | null {
  if (text.length > LONGEST) return null
  const { registry, rest } = splitRegistry(text)
  const at = rest.indexOf('@')
  const digest = at < 0 ? null : rest.slice(at + 1)
  const named = at < 0 ? rest : rest.slice(0, at)
  const colon = named.indexOf(':')
  const tag = colon < 0 ? null : named.slice(colon + 1)
  const repository = colon < 0 ? named : named.slice(0, colon)
  if (!isRegistry(registry) || !isRepository(repository)) return null
  if ((tag !== null && !isTag(tag)) || (digest !== null && !isDigest(digest))) return null
  const reference = { registry, repository, tag, digest }
  return isUnambiguous(reference) ? reference : null
}

/**
 * The id of an image, where the text is one: 64 hex digits, with or without `sha256:`, or the digest of another
 * algorithm. `sha256:…` in front always. The shorter ids that the engine takes too are names to this function: they can
 * be told from names by the engine alone.
 */
export function parseImageId(text: string): string | null {
  if (isDigest(text)) return text
  return text.length === 64 && isDigest(`sha256:${text}`) ? `sha256:${text}` : null
}

/** `docker.io/library/alpine:3.20`: the form that is judged; `parseReference` reads it back as the same. */
export function normalised(reference: ImageReference): string {
  return `${reference.registry}/${reference.repository}${suffix(reference)}`
}

/** `alpine:3.20`: the form in which the docker client and the engine's answers show it. */
export function familiar(reference: ImageReference): string {
  const { registry, repository } = reference
  if (registry !== DEFAULT_REGISTRY) return normalised(reference)
  const short = repository.slice(OFFICIAL.length)
  const name = repository.startsWith(OFFICIAL) && !short.includes('/') ? short : repository
  return `${name}${suffix(reference)}`
}

/** With `:latest` where neither tag nor digest is given: what the engine makes of it wherever it wants one image. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  return reference.tag === null && reference.digest === null ? { ...reference, tag: 'latest' } : reference
}

/**
 * Joins a name with what stands in a `tag` parameter of the Engine API, which may be a digest: that replaces tag and
 * digest, a tag replaces the tag. Null when it is neither.
 */
export function withTagOrDigest(reference: ImageReference, text: string): ImageReference | null {
  if (isDigest(text)) return { ...reference, tag: null, digest: text }
  return isTag(text) ? { ...reference, tag: text } : null
}

function isUnambiguous(reference: ImageReference): boolean {
  const short = familiar(reference)
  const { registry, rest } = splitRegistry(short)
  return parseImageId(short) === null && `${registry}/${rest}` === normalised(reference)
}

/** What stands before the first slash is a registry when it looks like a host; otherwise Docker Hub is meant. */
function splitRegistry(text: string): { registry: string; rest: string } {
  const slash = text.indexOf('/')
  const first = slash < 0 ? '' : text.slice(0, slash)
  if (!looksLikeRegistry(first)) return { registry: DEFAULT_REGISTRY, rest: onHub(text) }
  const rest = text.slice(slash + 1)
  if (first === DEFAULT_REGISTRY || first === LEGACY_REGISTRY) return { registry: DEFAULT_REGISTRY, rest: onHub(rest) }
  return { registry: first, rest }
}

/** Whether the engine reads a first segment as a registry: a repository's own segments have no capitals. */
export function looksLikeRegistry(segment: string): boolean {
  return segment === 'localhost' || /[.:A-Z]/.test(segment)
}

function onHub(name: string): string {
  return name.includes('/') ? name : `${OFFICIAL}${name}`
}

function suffix({ tag, digest }: ImageReference): string {
  return `${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`
}

function isRegistry(text: string): boolean {
  if (text.length > REGISTRY_LENGTH) return false
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    return end > 0 && /^[a-fA-F0-9:]+$/.test(text.slice(1, end)) && isPortSuffix(text.slice(end + 1))
  }
  const colon = text.indexOf(':')
  const host = colon < 0 ? text : text.slice(0, colon)
  return host.split('.').every(isHostLabel) && (colon < 0 || isPortSuffix(text.slice(colon)))
}

function isHostLabel(label: string): boolean {
  return /^[a-zA-Z0-9-]+$/.test(label) && !label.startsWith('-') && !label.endsWith('-')
}

function isPortSuffix(text: string): boolean {
  return text === '' || /^:[0-9]+$/.test(text)
}

function isRepository(text: string): boolean {
  return text.length <= REPOSITORY_LENGTH && text.split('/').every(isPathComponent)
}

/** Runs of letters and digits, joined by one period, one or two underscores, or any number of dashes. */
function isPathComponent(component: string): boolean {
  const [first, ...separators] = component.split(/[a-z0-9]+/)
  return first === '' && separators.pop() === '' && separators.every((text) => /^(?:\.|__?|-+)$/.test(text))
}

function isTag(text: string): boolean {
  return text.length <= TAG_LENGTH && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text)
}

/** Of an algorithm that the engine knows, in lower case (github.com/opencontainers/go-digest). */
function isDigest(text: string): boolean {
  const colon = text.indexOf(':')
  const length = DIGEST_LENGTHS.get(text.slice(0, Math.max(colon, 0)))
  return length === text.length - colon - 1 && /^[a-f0-9]+$/.test(text.slice(colon + 1))
}
