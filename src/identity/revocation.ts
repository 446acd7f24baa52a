import type { X509Certificate } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Revocation, type RevocationList, serialOf } from '../pki/revocation-list.ts'

/** What revocation lists say of a path. */
export type RevocationStatus =
  | { readonly kind: 'good' }
  /** `certificate` is 0 for the leaf, else how far above it. */
  | { readonly kind: 'revoked'; readonly certificate: number; readonly revocation: Revocation }
  /** Nobody can tell; `why` continues the issuer's name. */
  | { readonly kind: 'unknown'; readonly why: string }

/** Paths come with authorities that a client presented; what is configured alone is fewer. */
const MOST_SIGNERS = 256

/**
 * Makes the function that looks a path up in revocation lists (RFC 5280 section 6.3): each certificate in the newest
 * list of the authority that signed it. The path counts as good only when every one of these lists is there and has not
 * run out; a certificate in a list that has run out is revoked all the same.
 */
export function createRevocation(
  lists: readonly RevocationList[],
): (path: readonly X509Certificate[], now: number) => RevocationStatus {
  // Proving a list's signature takes longer than all the rest.
  const newest = new LRUCache<string, { readonly list: RevocationList | null }>({ max: MOST_SIGNERS })

  function listOf(signer: X509Certificate): RevocationList | null {
    const known = newest.get(signer.fingerprint256)
    if (known !== undefined) return known.list
    const list = newestListOf(lists, signer)
    newest.set(signer.fingerprint256, { list })
    return list
  }

  return function statusOf(path, now) {
    let unknown: RevocationStatus | null = null
    for (const [index, signer] of path.slice(1).entries()) {
      const list = listOf(signer)
      const revocation = list?.revoked.get(serialOf(path[index] as X509Certificate))
      if (revocation) return { kind: 'revoked', certificate: index, revocation }
      const why = list === null ? 'there is no revocation list of' : staleness(list, now)
      if (why !== null) unknown ??= { kind: 'unknown', why: `cannot take it: ${why} ${nameOf(signer)}` }
    }
    return unknown ?? { kind: 'good' }
  }
}

/** The newest of the lists that this authority has signed; null when there is none. */
export function newestListOf(lists: readonly RevocationList[], signer: X509Certificate): RevocationList | null {
  const own = lists.filter((list) => list.isOf(signer))
  return own.reduce<RevocationList | null>((best, one) => (best && !isNewer(one, best) ? best : one), null)
}

function isNewer(one: RevocationList, other: RevocationList): boolean {
  if (one.number !== other.number) return one.number > other.number
  return one.thisUpdate > other.thisUpdate
}

function staleness({ nextUpdate }: RevocationList, now: number): string | null {
  if (nextUpdate === null || now < nextUpdate.getTime()) return null
  return `a newer revocation list was due on ${nextUpdate.toISOString()} from`
}

function nameOf({ subject }: X509Certificate): string {
  return JSON.stringify(subject?.replaceAll('\n', ',') ?? '')
}
