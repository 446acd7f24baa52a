import { statSync } from 'node:fs'
import { type ObservedRecords, openRecords, type RecordWriter } from '../audit/writer.ts'
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

interface Place {
  readonly file: string | undefined
  /** Another number when another file is there: after the old one was moved away, as logrotate does. */
  readonly inode: number | null
  readonly writer: RecordWriter
}

/** Where records go. What is still written under the configuration before goes to the new place as well. */
export function recordsPart(): Part<Config['records'], ObservedRecords> {
  let current: Place | null = null
  const closing: Promise<void>[] = []
  const value: ObservedRecords = {
    write: (record) => current?.writer.write(record),
    state: () => current?.writer.state() ?? { file: undefined, failing: null },
  }
  return {
    prepare({ file }) {
      if (current !== null && current.file === file && current.inode === inodeOf(file)) return unchanged(value)
      const opened = openRecords(file)
      const place = { file, inode: inodeOf(file), writer: opened }
      return {
        value,
        use() {
          if (current !== null) closing.push(current.writer.close())
          current = place
        },
        drop: () => void opened.close(),
      }
    },
    async close() {
      await Promise.all([...closing, current?.writer.close()])
    },
  }
}

function inodeOf(file: string | undefined): number | null {
  return file === undefined ? null : (statSync(file, { throwIfNoEntry: false })?.ino ?? null)
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
