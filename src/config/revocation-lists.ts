import type { X509Certificate } from 'node:crypto'
import { newestListOf } from '../identity/revocation.ts'
import { createListReader } from '../identity/revocation-files.ts'
import { quoted } from '../text.ts'
import type { Findings } from './findings.ts'

/** A newer list should be there by now. */
const NEAR_END_MS = 3 * 86_400_000

/**
 * Reads an issuer's revocation lists and says of which authorities one is missing or has run out: their certificates are
 * refused.
 *
 * @param paths absolute, files and folders
 */
export function checkRevocationLists(
  path: readonly PropertyKey[],
  paths: readonly string[],
  authorities: readonly X509Certificate[],
  findings: Findings,
): void {
  const { lists, problems } = createListReader(paths)()
  for (const problem of problems) findings.problem(path, problem)
  if (problems.length > 0) return
  for (const authority of authorities) {
    if (!authority.ca) continue
    const name = quoted(authority.subject?.replaceAll('\n', ',') ?? '')
    const list = newestListOf(lists, authority)
    const left = list?.nextUpdate ? list.nextUpdate.getTime() - Date.now() : Number.POSITIVE_INFINITY
    const due = list?.nextUpdate?.toISOString()
    if (list === null) findings.warn(path, `no revocation list of ${name} is there, so its certificates are refused`)
    else if (left <= 0)
      findings.warn(path, `a newer revocation list of ${name} was due on ${due}: its certificates are refused`)
    else if (left < NEAR_END_MS) findings.warn(path, `the revocation list of ${name} runs out on ${due}`)
  }
}
