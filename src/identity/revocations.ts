import { watchFiles } from '../config/watch.ts'
import type { Principal } from './principal.ts'
import { readRevocationFile } from './revocation-file.ts'
import { compileRevoked, type Revoked, refuseRevoked } from './revoked.ts'

/** Who is revoked now. */
export interface Revocations {
  /**
   * Lets everybody pass but those who are revoked.
   *
   * @throws Refusal `identity-revoked`
   */
  check(principal: Principal): void
  isRevoked(principal: Principal): boolean
  close(): void
}

export interface RevocationsOptions {
  /** Called after every change of the file that is in force, so that what is open can be looked at again. */
  readonly changed: () => void
  /** Takes lines for the operator. */
  readonly warn: (line: string) => void
}

/**
 * Reads a revocation file and follows its changes. A file that is broken or gone keeps the last good entries in force:
 * nobody who was revoked comes back because of a slip.
 *
 * @param file absolute, or null when the configuration names none
 * @throws Error with a message for the operator when the file cannot be used at the beginning
 */
export function followRevocations(file: string | null, { changed, warn }: RevocationsOptions): Revocations {
  let revoked: Revoked = compileRevoked([])
  let isFirst = true
  function load(path: string): void {
    const read = readRevocationFile(path)
    if ('problems' in read) throw new Error(`revocations.file: ${read.problems.join('; ')}`)
    revoked = compileRevoked(read.entries)
    if (isFirst) {
      isFirst = false
      return
    }
    warn(`revocations.file: its changes are in force, entries: ${revoked.size}`)
    changed()
  }
  const watch =
    file === null
      ? null
      : watchFiles({
          paths: [file],
          load: () => load(file),
          failed: ({ message }) => {
            warn(`ERROR: ${message}`)
            warn(
              `ERROR: new revocations are NOT in force until that is repaired; the last good ones are: ${revoked.size}`,
            )
          },
        })
  return {
    check: (principal) => refuseRevoked(revoked, principal),
    isRevoked: (principal) => revoked.find(principal) !== null,
    close: () => watch?.close(),
  }
}
