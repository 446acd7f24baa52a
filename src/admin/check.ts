/** One thing that must be well for the gate to serve. */
export interface Check {
  /** What it is about, where it can be as a key of the configuration: `issuers.github.jwt`. */
  readonly name: string
  readonly ok: boolean
  /** For people; no secret. */
  readonly detail: string
  /** Of certificates and revocation lists: whole days until the end, negative behind it; null when there is none. */
  readonly days?: number | null
  /** Of an issuer's keys: seconds since they were had; null when there are none. */
  readonly keysAge?: number | null
  /** Of what cannot be had or written: since when, RFC 3339. */
  readonly failingSince?: string
}

/** When something began to fail (milliseconds since the epoch), as a check has it. */
export function failingSince(since: number): string {
  return new Date(since).toISOString()
}
