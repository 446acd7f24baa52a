import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { JwtIssuerConfig } from '../config/schema.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import { createKeys } from './keys.ts'
import type { RemoteKeysOptions } from './remote-keys.ts'

/** The keys of one issuer, held by whoever took them. */
export interface HeldKeys {
  readonly keys: IssuerKeys
  /** Another text where other keys, or other algorithms, may prove a token. */
  readonly source: string
  /** To be called once: keys that nobody holds are fetched no more. */
  release(): void
}

/**
 * The keys of issuers over all configurations: an issuer that a reload leaves as it was keeps the keys that it has, and
 * nothing is fetched for it.
 */
export interface KeyRing {
  /**
   * @param path where the issuer stands in the configuration, for messages: `issuers.github.jwt`
   * @throws Error (as a rejection) with a message for the operator when the configuration or a file cannot be used
   */
  take(path: string, jwt: JwtIssuerConfig): Promise<HeldKeys>
}

interface Entry {
  readonly keys: IssuerKeys
  readonly closing: AbortController
  users: number
}

export function createKeyRing(options: Omit<RemoteKeysOptions, 'signal'>): KeyRing {
  const entries = new Map<string, Entry>()

  async function entryOf(id: string, path: string, jwt: JwtIssuerConfig): Promise<Entry> {
    const known = entries.get(id)
    if (known !== undefined) return known
    const closing = new AbortController()
    const entry = { keys: await createKeys(path, jwt, { ...options, signal: closing.signal }), closing, users: 0 }
    entries.set(id, entry)
    return entry
  }

  return {
    async take(path, jwt) {
      const source = sourceOf(jwt)
      const { ca, proxy, refresh, outage } = jwt
      const id = JSON.stringify([path, source, ca, contentOf(ca), proxy, refresh, outage])
      const entry = await entryOf(id, path, jwt)
      entry.users += 1
      return {
        keys: entry.keys,
        source,
        release() {
          entry.users -= 1
          if (entry.users > 0) return
          entries.delete(id)
          entry.closing.abort()
        },
      }
    },
  }
}

function sourceOf({ issuer, algorithms, jwksUri, jwksFile, publicKey }: JwtIssuerConfig): string {
  return JSON.stringify([issuer, algorithms, jwksUri, jwksFile, contentOf(jwksFile), publicKey, contentOf(publicKey)])
}

/** A file that cannot be read is told of by who makes keys of it. */
function contentOf(file: string | undefined): string | null {
  if (file === undefined) return null
  try {
    return hash('sha256', readFileSync(file), 'hex')
  } catch {
    return null
  }
}
