import type { FollowedIssuer } from '../identity/certificate-issuers.ts'
import { newestListOf } from '../identity/revocation.ts'
import type { RevocationList } from '../pki/revocation-list.ts'
import { quoted } from '../text.ts'
import type { Check } from './check.ts'

const DAY_MS = 86_400_000

/** The newest lists of an issuer's authorities, by the authority's name. Null: it has none. */
type NewestLists = readonly (readonly [authority: string, list: RevocationList | null])[]

/** Proving a list's signature takes long, and the same files bring the same object. */
const known = new WeakMap<FollowedIssuer, NewestLists>()

/**
 * Whether every authority of an issuer has a revocation list that has not run out: without it, the certificates that it
 * has signed are refused. None where the issuer has no `crl`.
 *
 * @param now milliseconds since the epoch
 */
export function checkLists(issuer: FollowedIssuer, now: number): Check[] {
  if (issuer.lists === null) return []
  const newest = known.get(issuer) ?? newestLists(issuer, issuer.lists)
  known.set(issuer, newest)
  const missing = newest.filter(([, list]) => list === null).map(([authority]) => authority)
  const ends = newest.flatMap(([, list]) => (list?.nextUpdate ? [list.nextUpdate.getTime()] : []))
  const first = ends.length > 0 ? Math.min(...ends) : null
  const days = first === null ? null : Math.floor((first - now) / DAY_MS)
  const name = `issuers.${issuer.name}.certificate.crl`
  if (missing.length > 0) {
    return [{ name, ok: false, detail: `no revocation list is there of ${missing.join(', ')}`, days }]
  }
  const due = first === null ? null : new Date(first).toISOString()
  if (first !== null && first <= now) return [{ name, ok: false, detail: `a newer list was due on ${due}`, days }]
  return [{ name, ok: true, detail: due === null ? 'lists without an end' : `good until ${due}`, days }]
}

function newestLists({ authorities }: FollowedIssuer, lists: readonly RevocationList[]): NewestLists {
  return authorities.map((authority) => {
    const name = quoted(authority.subject?.replaceAll('\n', ',') ?? '')
    return [name, newestListOf(lists, authority)]
  })
}
