import { readFileSync } from 'node:fs'
import type { JWTVerifyGetKey } from 'jose'
import { watchFiles } from '../config/watch.ts'
import type { IssuerKeys, KeySet, KeysState } from './issuer-keys.ts'
import type { RemoteKeysOptions } from './remote-keys.ts'

interface Held {
  readonly set: KeySet
  readonly text: string
  /** When it was read, milliseconds since the epoch. */
  readonly at: number
}

/**
 * The keys of an issuer that are in a file, which is followed: a key that is taken out of it works no longer. A file that
 * becomes bad, or goes away, leaves the last good keys in force.
 *
 * @param path where the file stands in the configuration, for messages: `issuers.local.jwt.jwksFile`
 * @param parse makes keys of the file's text, or throws an Error with a message for the operator
 * @throws Error with a message for the operator when the file cannot be used at the beginning
 */
export function followKeyFile(
  path: string,
  file: string,
  parse: (text: string) => JWTVerifyGetKey,
  { clock, signal, warn }: RemoteKeysOptions,
): IssuerKeys {
  let held = read(null)
  let failing: KeysState['failing'] = null

  function read(before: Held | null): Held {
    const text = readFileSync(file, 'utf8')
    return { set: before?.text === text ? before.set : { find: parse(text) }, text, at: clock.now() }
  }

  const watch = watchFiles({
    paths: [file],
    load() {
      const before = held
      held = read(before)
      if (failing !== null || held.set !== before.set) warn(`${path}: the keys of ${file} as it is now are in use`)
      failing = null
    },
    failed({ message }) {
      failing = { since: failing?.since ?? clock.now(), why: message }
      warn(`${message}; the keys that were read of it before stay in force, and it is tried again`)
    },
  })
  signal.addEventListener('abort', () => watch.close(), { once: true })

  return {
    ready: async () => held.set,
    newer: async (than) => (held.set === than ? null : held.set),
    holds: (set) => held.set === set,
    state: () => ({ had: held.at, until: null, failing }),
  }
}
