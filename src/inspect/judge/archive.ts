import { cleanPath } from '../../policy/profile/paths.ts'
import type { Pattern } from '../../policy/profile/pattern.ts'
import { matchesAny } from '../../policy/profile/pattern.ts'
import type { Profile } from '../../policy/profile/types.ts'
import type { ArchiveRules } from '../archive-rules.ts'
import { listed, type QueryRequest, shownText } from './query-request.ts'
import type { Finding, Judge } from './types.ts'
import { textOf } from './values.ts'

/** Matches every path. */
const ANYWHERE = '/**'

/** Files of containers that are read: `path` of the query. */
export function judgeArchiveGet(request: QueryRequest): void {
  judgePath(request, 'archive.get', request.profile.archive?.get ?? [])
}

/** A directory of a container that is written to: `path` of the query. What comes there is judged entry by entry. */
export function judgeArchivePut(request: QueryRequest): void {
  judgePath(request, 'archive.put', request.profile.archive?.put ?? [])
}

/** Without a path the engine refuses. The cleaned path is sent, with the end that tells a directory from what is in it. */
function judgePath(request: QueryRequest, key: string, patterns: readonly Pattern[]): void {
  const path = request.value('path')
  if (path === '') return
  const clean = cleanPath(`/${path}`)
  if (clean === null) {
    request.refuse(
      'path',
      shownText(path),
      key,
      'it is no path that can be judged: too long, or with control characters',
    )
    return
  }
  if (!matchesAny(patterns, clean, request.context.principal)) {
    request.refuse('path', shownText(clean), key, listed(key, patterns))
    return
  }
  request.set('path', `${clean === '/' ? '' : clean}${ending(path, clean)}`)
}

/** `docker cp box:/dir/. here` takes what is in the directory, without it. */
function ending(path: string, clean: string): string {
  if (/(?:^|\/)\.$/.test(path)) return '/.'
  return path.endsWith('/') || clean === '/' ? '/' : ''
}

/** The old way to read a file of a container: a field of the body. */
export const judgeArchiveFields: Judge = (fields, { profile, principal }) =>
  fields.flatMap((field) => {
    const patterns = profile.archive?.get ?? []
    const clean = cleanPath(`/${textOf(field)}`)
    if (clean !== null && matchesAny(patterns, clean, principal)) return []
    return [
      { field: field.path, asked: shownText(textOf(field)), key: 'archive.get', why: listed('archive.get', patterns) },
    ]
  })

/**
 * How the entries of an archive that is put into a container are judged; null: not at all, as a role that may write
 * everywhere and make privileged containers can do whatever an entry can.
 */
export function archiveRules({ archive, workload }: Profile, refuse: (finding: Finding) => Error): ArchiveRules | null {
  const anyLinks = archive?.put.some(({ text }) => text === ANYWHERE) ?? false
  const special = workload?.privileged ?? false
  return anyLinks && special ? null : { anyLinks, special, refuse }
}
