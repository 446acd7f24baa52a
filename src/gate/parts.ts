import type { Config } from '../config/schema.ts'
import { type Authenticator, type AuthenticatorOptions, createAuthenticator } from '../identity/authenticate.ts'
import { followRevocations, type Revocations, type RevocationsOptions } from '../identity/revocations.ts'

/** A part of the gate as a changed configuration wants it, made while the one before is in use. */
export interface Prepared<T> {
  readonly value: T
  /** Puts it in the place of the one before, which is closed. Does not throw. */
  use(): void
  /** Closes it: the one before goes on. */
  drop(): void
}

/** What is made anew when its configuration changes. `prepare` throws, or rejects, with a message for the operator. */
export interface Part<C, T> {
  prepare(config: C): Prepared<T> | Promise<Prepared<T>>
  close(): void | Promise<void>
}

/** Who is revoked. A file that stays the same is followed all along. */
export function revocationsPart(options: RevocationsOptions): Part<Config['revocations'], Revocations> {
  let current: { readonly file: string | null; readonly revocations: Revocations } | null = null
  return {
    prepare(config) {
      const file = config?.file ?? null
      if (current !== null && current.file === file) return unchanged(current.revocations)
      const revocations = followRevocations(file, options)
      return {
        value: revocations,
        use() {
          current?.revocations.close()
          current = { file, revocations }
          options.changed()
        },
        drop: revocations.close,
      }
    },
    close: () => current?.revocations.close(),
  }
}

/** Who asks. */
export function authenticatorPart(options: AuthenticatorOptions): Part<Config['issuers'], Authenticator> {
  let current: Authenticator | null = null
  return {
    async prepare(issuers) {
      const before = current
      const authenticator = await (before === null ? createAuthenticator(issuers, options) : before.next(issuers))
      if (authenticator === before) return unchanged(authenticator)
      return {
        value: authenticator,
        use() {
          current = authenticator
          before?.close()
          authenticator.takeOver()
        },
        drop: authenticator.close,
      }
    },
    close: () => current?.close(),
  }
}

function unchanged<T>(value: T): Prepared<T> {
  return { value, use: () => {}, drop: () => {} }
}
