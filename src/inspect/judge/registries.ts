import { matchesAny } from '../../policy/profile/pattern.ts'
import { normalised, parseReference, withDefaultTag } from '../../policy/profile/reference.ts'
import type { RegistriesProfile } from '../../policy/profile/types.ts'
import { Refusal } from '../../refusal.ts'
import { judgeChanges } from './query-labels.ts'
import { listed, type QueryRequest, shownText } from './query-request.ts'
import { allowedReference, judgeNameAndTag, judgeTag, nameOf } from './references.ts'

/** Parameters that an import alone reads. */
const OF_IMPORTS = ['fromSrc', 'repo', 'changes', 'message'] as const

/** The client's own body, rather than a URL. */
const BODY = '-'

/** A pull, or an import. The engine takes a pull where both are asked for: then the import's parameters are not sent. */
export function judgeImageCreate(request: QueryRequest): void {
  if (request.value('fromImage') === '') judgeImport(request)
  else judgePull(request)
}

/** Without tag and digest all tags are pulled. The engine forgives one colon at the end. */
function judgePull(request: QueryRequest): void {
  const asked = {
    field: 'fromImage',
    text: request.value('fromImage').replace(/:$/, ''),
    key: 'registries.pull',
    patterns: request.profile.registries?.pull ?? [],
  }
  const reference = judgeNameAndTag(request, asked, request.value('tag'))
  for (const name of OF_IMPORTS) if (request.values(name).length > 0) request.set(name)
  if (reference === null) return
  const end = reference.digest ?? reference.tag
  request.set('fromImage', nameOf(reference))
  request.set('tag', ...(end === null ? [] : [end]))
}

function judgeImport(request: QueryRequest): void {
  const source = request.value('fromSrc')
  requireFlag(
    request,
    'import',
    'fromSrc',
    source === BODY ? 'an image of what is sent' : 'an image of what is fetched',
  )
  if (source !== BODY) judgeSource(request, source)
  judgeChanges(request)
  judgeRepositoryAndTag(request)
}

/** The engine fetches it as the host, over http where no scheme is given. */
function judgeSource(request: QueryRequest, source: string): void {
  const url = source.includes('://') ? source : `http://${source}`
  const remotes = request.profile.build?.remotes ?? []
  if (matchesAny(remotes, url, request.context.principal)) {
    request.set('fromSrc', url)
    return
  }
  const why = `the engine would fetch it; ${listed('build.remotes', remotes)}`
  request.refuse(
    'fromSrc',
    /[@?]/.test(url) ? 'a URL with credentials or a query' : shownText(url),
    'build.remotes',
    why,
  )
}

/** `repo` and `tag`: a name for an image. Without a name the engine ignores the tag. */
export function judgeRepositoryAndTag(request: QueryRequest): void {
  const repository = request.value('repo')
  if (repository === '') {
    if (request.value('tag') !== '') request.set('tag')
    return
  }
  const reference = parseReference(judgeTag(request, 'repo', repository, request.value('tag')))
  if (reference === null) return
  request.set('repo', nameOf(reference))
  request.set('tag', reference.tag ?? 'latest')
}

/** A new image of a container: its name, and the instructions that change it. */
export function judgeCommit(request: QueryRequest): void {
  judgeChanges(request)
  judgeRepositoryAndTag(request)
}

/** Without a tag all tags are pushed. */
export function judgePush(request: QueryRequest): void {
  const asked = {
    field: '(image)',
    text: request.path('name'),
    key: 'registries.push',
    patterns: request.profile.registries?.push ?? [],
  }
  const reference = judgeNameAndTag(request, asked, request.value('tag'))
  if (reference === null) return
  if (reference.digest !== null) {
    request.refuse('(image)', shownText(normalised(reference)), 'registries.push', 'nothing is pushed by its digest')
  }
  request.setPath('name', nameOf(reference))
  request.set('tag', ...(reference.tag === null ? [] : [reference.tag]))
}

/** The engine asks the registry that the name begins with. */
export function judgeDistribution(request: QueryRequest): void {
  const asked = {
    field: '(image)',
    text: request.path('name'),
    key: 'registries.pull',
    patterns: request.profile.registries?.pull ?? [],
  }
  request.setPath('name', allowedReference(request, asked))
}

/** The engine asks the registry that the term begins with, or Docker Hub. */
export function judgeSearch(request: QueryRequest): void {
  const term = request.value('term')
  const patterns = request.profile.registries?.pull ?? []
  if (patterns.some(({ text }) => text === '**')) return
  const reference = parseReference(term)
  if (reference !== null && matchesAny(patterns, normalised(withDefaultTag(reference)), request.context.principal))
    return
  const why = `${listed('registries.pull', patterns)}; a term is allowed where an image of that name may be pulled`
  request.refuse('term', shownText(term), 'registries.pull', why)
}

export function judgeLoad(request: QueryRequest): void {
  requireFlag(request, 'load', '(body)', 'images of an archive, under any name')
}

export function judgeSave(request: QueryRequest): void {
  requireFlag(request, 'save', '(answer)', "an image's contents")
}

export function judgeExport(request: QueryRequest): void {
  requireFlag(request, 'export', '(answer)', "a container's file system")
}

/** A service takes its credentials along, and its images are bounded where it is made. */
export function judgeServiceCredentials(request: QueryRequest): void {
  const from = request.value('registryAuthFrom')
  const credentials = request.header('x-registry-auth').length > 0
  // `spec` is what the engine does anyway.
  if (!credentials && (from === '' || from === 'spec')) return
  if ((request.profile.registries?.pull.length ?? 0) > 0) return
  const field = credentials ? 'X-Registry-Auth' : 'registryAuthFrom'
  request.refuse(
    field,
    credentials ? 'credentials' : shownText(from),
    'registries.pull',
    'the role has no registries.pull',
  )
}

function requireFlag(
  request: QueryRequest,
  flag: 'load' | 'import' | 'save' | 'export',
  field: string,
  asked: string,
): void {
  const registries: RegistriesProfile | null = request.profile.registries
  if (registries?.[flag]) return
  request.refuse(field, asked, `registries.${flag}`, `the role has no registries.${flag}`)
}

/**
 * The credentials' header of pulls, pushes and builds, once and in base64 of either alphabet; the engine goes on without
 * credentials where it cannot read them, and reads the first of several.
 *
 * @throws Refusal `header-repeated`, `http-malformed`, none of which shows the value
 */
export function checkCredentials(request: QueryRequest, name: string): void {
  const [value, ...more] = request.header(name)
  if (value === undefined) return
  if (more.length > 0) throw new Refusal('header-repeated', `${name} may be given only once`)
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw new Refusal('http-malformed', `${name} is not in base64`)
}
