import type { JWTVerifyGetKey } from 'jose'

/** The keys that an issuer had at one time. Two fetches that bring the same text bring the same object. */
export interface KeySet {
  /** The function that jose asks for the key of a token's header. */
  readonly find: JWTVerifyGetKey
}

/** The keys of one issuer as they change. */
export interface IssuerKeys {
  /**
   * The set to verify with now. Waits when it must be fetched first.
   *
   * @throws KeysUnavailable (as a rejection) when there is none that may be used
   */
  ready(): Promise<KeySet>
  /**
   * A newer set than the one in which a token's key was not found, or null when there is none.
   *
   * @throws KeysUnavailable (as a rejection) when that cannot be known because the keys cannot be fetched
   */
  newer(than: KeySet): Promise<KeySet | null>
  /** True while what was verified with the set would be verified with it again. */
  holds(set: KeySet): boolean
}

/** Keys that do not change while the gate runs. */
export function fixedKeys(find: JWTVerifyGetKey): IssuerKeys {
  const set: KeySet = { find }
  return { ready: async () => set, newer: async () => null, holds: () => true }
}
