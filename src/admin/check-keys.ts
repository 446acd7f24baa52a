import type { TokenIssuerState } from '../identity/authenticate.ts'
import { type Check, failingSince } from './check.ts'

/**
 * Whether there are keys by which an issuer's tokens can be verified. While keys that can no longer be fetched go on
 * serving, that is well, and said.
 *
 * @param now milliseconds since the epoch
 */
export function checkKeys({ name, had, until, failing }: TokenIssuerState, now: number): Check {
  const age = had === null ? null : Math.max(0, Math.floor((now - had) / 1000))
  const since = failing === null ? {} : { failingSince: failingSince(failing.since) }
  return { name: `issuers.${name}.jwt`, ok: age !== null, detail: detailOf(), keysAge: age, ...since }

  function detailOf(): string {
    const why = failing === null ? '' : `since ${failingSince(failing.since)}: ${failing.why}`
    if (age === null && failing === null) return 'its keys are being fetched'
    if (age === null) return `no keys, so its tokens are refused: they cannot be had ${why}`
    if (failing === null) return `keys of ${span(age)} ago`
    const end = until === null ? '' : `; they serve until ${new Date(until).toISOString()}`
    return `keys of ${span(age)} ago; newer ones cannot be had ${why}${end}`
  }
}

function span(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`
  const minutes = Math.floor(seconds / 60)
  return minutes < 120 ? `${minutes} minutes` : `${Math.floor(minutes / 60)} hours`
}
