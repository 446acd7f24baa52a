import type { X509Certificate } from 'node:crypto'
import { formatPath } from '../config/errors.ts'
import { createFindings } from '../config/findings.ts'
import type { Config } from '../config/schema.ts'
import { readCertificates } from '../config/tls-files.ts'
import type { FollowedIssuer } from '../identity/certificate-issuers.ts'
import type { Check } from './check.ts'

const DAY_MS = 86_400_000
/** Whoever renews certificates has done so by now: a tenth of their life is left, or three days. */
const LAST_PART = 0.1
const LAST_MS = 3 * DAY_MS

/** What is about to be checked: the certificates, or why there are none. */
type Found = { readonly certificates: readonly X509Certificate[] } | { readonly problem: string }

/** A place of the configuration that names certificates. */
interface Place {
  readonly name: string
  readonly found: Found
  /** Why what is in the files now is not what is used; null when it is. */
  readonly unused: string | null
}

/**
 * Whether the certificates that the gate shows and trusts are good now and for the next days: those of the listeners, of
 * the issuers of certificates, and of the servers of keys. Of a bundle of authorities, one that is good is enough.
 *
 * @param followed what the gate has read for its issuers of certificates
 * @param now milliseconds since the epoch
 */
export function checkCertificates(config: Config, followed: readonly FollowedIssuer[], now: number): Check[] {
  return placesOf(config, followed).map(({ name, found, unused }) => {
    const check = lifeOf(name, found, now)
    return unused === null ? check : { ...check, detail: `${check.detail}; not in use as it is now: ${unused}` }
  })
}

/**
 * When the certificates end that `checkCertificates` looks at, in milliseconds since the epoch, by their place in the
 * configuration; without those that cannot be read.
 */
export function certificateEnds(config: Config, followed: readonly FollowedIssuer[]): ReadonlyMap<string, number> {
  const ends = new Map<string, number>()
  for (const { name, found } of placesOf(config, followed)) {
    const last = 'problem' in found ? null : lastOf(found.certificates)
    if (last !== null) ends.set(name, last.validToDate.getTime())
  }
  return ends
}

function placesOf(config: Config, followed: readonly FollowedIssuer[]): Place[] {
  const places: Place[] = []
  const add = (name: string, found: Found, unused: string | null = null) => places.push({ name, found, unused })
  const listeners = config.listeners.map(({ tls }, index) => ({ path: ['listeners', index, 'tls'], tls }))
  for (const { path, tls } of [
    ...listeners,
    { path: ['admin', 'listener', 'tls'], tls: config.admin?.listener?.tls },
  ]) {
    if (tls === undefined) continue
    const place = formatPath(path)
    // The first is the server's own; those behind it are on its way to an authority.
    add(`${place}.certificate`, read([tls.certificate], 1))
    if (tls.clientAuthorities) add(`${place}.clientAuthorities`, read(tls.clientAuthorities))
  }
  for (const [name, { jwt }] of Object.entries(config.issuers)) {
    if (jwt?.ca !== undefined) add(`issuers.${name}.jwt.ca`, read([jwt.ca]))
  }
  for (const { name, authorities, problem } of followed) {
    add(`issuers.${name}.certificate.authorities`, { certificates: authorities }, problem)
  }
  return places
}

function read(files: readonly string[], first = Number.POSITIVE_INFINITY): Found {
  const findings = createFindings()
  const bundles = files.map((file) => readCertificates([], file, findings))
  const problems = findings.problems.map(({ message }) => message)
  if (problems.length > 0) return { problem: `${problems.join('; ')}; what was read of it before is used` }
  return { certificates: bundles.flatMap((bundle) => bundle?.certificates ?? []).slice(0, first) }
}

/** Of a bundle of authorities, one that is good is enough. */
function lastOf(certificates: readonly X509Certificate[]): X509Certificate | null {
  return certificates.toSorted((a, b) => b.validToDate.getTime() - a.validToDate.getTime())[0] ?? null
}

function lifeOf(name: string, found: Found, now: number): Check {
  if ('problem' in found) return { name, ok: false, detail: found.problem, days: null }
  const longest = lastOf(found.certificates)
  if (longest === null) return { name, ok: false, detail: 'holds no certificate', days: null }
  const { validFromDate, validToDate } = longest
  const left = validToDate.getTime() - now
  const days = Math.floor(left / DAY_MS)
  const end = validToDate.toISOString()
  if (left <= 0) return { name, ok: false, detail: `expired on ${end}: renew it`, days }
  if (validFromDate.getTime() > now) {
    return { name, ok: false, detail: `not valid before ${validFromDate.toISOString()}`, days }
  }
  const life = validToDate.getTime() - validFromDate.getTime()
  if (left < Math.min(LAST_MS, life * LAST_PART))
    return { name, ok: false, detail: `expires on ${end}: renew it`, days }
  return { name, ok: true, detail: `good until ${end}`, days }
}
