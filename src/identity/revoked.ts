import { Refusal } from '../refusal.ts'
import type { Principal } from './principal.ts'
import { type RevocationEntry, withoutZeros } from './revocation-entry.ts'

/** Whom a revocation file names, ready to be asked at every request. */
export interface Revoked {
  /** How many different entries there are. */
  readonly size: number
  /** The entry that a principal fits, or null. */
  find(principal: Principal): RevocationEntry | null
}

/** The fact by which an entry is found: of those that it has, the one that the fewest principals share. */
type Index = 'fingerprint' | 'jti' | 'serial' | 'subject' | 'issuer'
const INDEXES: readonly Index[] = ['fingerprint', 'jti', 'serial', 'subject', 'issuer']

/** Compiles entries into maps, so that a question costs the same however many there are. */
export function compileRevoked(entries: readonly RevocationEntry[]): Revoked {
  const kept = withoutRepeats(entries)
  const maps = new Map<Index, Map<string, RevocationEntry[]>>()
  for (const entry of kept) {
    const index = INDEXES.find((one) => entry[one] !== undefined) as Index
    const key = entry[index] as string
    const map = maps.get(index) ?? new Map<string, RevocationEntry[]>()
    maps.set(index, map)
    const same = map.get(key)
    if (same === undefined) map.set(key, [entry])
    else same.push(entry)
  }
  const found = [...maps]
  return {
    size: kept.length,
    find(principal) {
      for (const [index, map] of found) {
        const key = factOf(principal, index)
        const candidates = key === null ? undefined : map.get(key)
        const entry = candidates?.find((candidate) => fits(candidate, principal))
        if (entry !== undefined) return entry
      }
      return null
    },
  }
}

/**
 * Refuses a principal whom the file names, with the moment of the revocation and nothing of the file's reason, which a
 * thief may not need to know.
 *
 * @throws Refusal `identity-revoked`
 */
export function refuseRevoked(revoked: Revoked, principal: Principal): void {
  const entry = revoked.find(principal)
  if (entry === null) return
  const when = new Date(entry.at).toISOString()
  throw new Refusal('identity-revoked', `this identity was revoked at ${when}; the operator of this gate knows why`)
}

/** Of entries that differ only in when, the first; of those that differ in `issuedBefore`, the one that reaches furthest. */
function withoutRepeats(entries: readonly RevocationEntry[]): readonly RevocationEntry[] {
  const kept = new Map<string, RevocationEntry>()
  for (const entry of entries) {
    const { issuer, jti, subject, serial, fingerprint, issuedBefore } = entry
    const key = JSON.stringify([issuer, jti, subject, serial, fingerprint, issuedBefore !== undefined])
    const other = kept.get(key)
    if (other === undefined || (issuedBefore ?? 0) > (other.issuedBefore ?? 0)) kept.set(key, entry)
  }
  return [...kept.values()]
}

function fits(entry: RevocationEntry, principal: Principal): boolean {
  for (const index of INDEXES) {
    if (entry[index] !== undefined && entry[index] !== factOf(principal, index)) return false
  }
  return entry.issuedBefore === undefined || isOlder(principal, entry.issuedBefore)
}

/** What does not say when it was issued may have been issued at any time. */
function isOlder({ claims }: Principal, moment: number): boolean {
  return typeof claims.iat !== 'number' || claims.iat * 1000 < moment
}

function factOf(principal: Principal, index: Index): string | null {
  const { certificate, claims } = principal
  switch (index) {
    case 'issuer':
      return principal.issuer
    case 'subject':
      return principal.subject
    case 'jti':
      return typeof claims.jti === 'string' ? claims.jti : null
    case 'serial':
      return certificate === null ? null : withoutZeros(certificate.serial)
    case 'fingerprint':
      return certificate?.fingerprint ?? null
  }
}
