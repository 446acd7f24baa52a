import type { JWTVerifyGetKey } from 'jose'

/** The keys that an issuer had at one time. Two fetches that bring the same text bring the same object. */
export interface KeySet {
  /** The function that jose asks for the key of a token's header. */
  readonly find: JWTVerifyGetKey
}

/** How it stands with the keys of an issuer. Times are milliseconds since the epoch. */
export interface KeysState {
  /** When the keys were had that tokens are verified with; null when there are none that may be used. */
  readonly had: number | null
  /** When they may no longer be used, unless newer ones come before; null where that never is. */
  readonly until: number | null
  /** Since when newer ones cannot be had, and why, for the operator; null when they can. */
  readonly failing: { readonly since: number; readonly why: string } | null
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
  state(): KeysState
}
