import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createGunzip, type Gunzip } from 'node:zlib'
import type { Passing } from '../../inspect/archive-rules.ts'

const GZIP = Buffer.from([0x1f, 0x8b])

/**
 * The SHA-256 of what goes by, and, where that is compressed with gzip, of what it is uncompressed.
 *
 * @param found gets each as `sha256:…`; nothing of what cannot be uncompressed
 */
export function digestsOf(found: (digest: string) => void): Passing {
  const hash = createHash('sha256')
  let head = Buffer.alloc(0)
  let inflating: Inflating | null = null
  return {
    async write(data) {
      hash.update(data)
      if (head.length < GZIP.length) {
        head = Buffer.concat([head, data])
        if (head.length < GZIP.length) return
        if (!head.subarray(0, GZIP.length).equals(GZIP)) return
        inflating = inflate()
        await inflating.write(head)
        return
      }
      // What is passed here is used again.
      await inflating?.write(Buffer.from(data))
    },
    async end() {
      found(`sha256:${hash.digest('hex')}`)
      const inner = await inflating?.end()
      if (inner !== undefined && inner !== null) found(`sha256:${inner}`)
    },
    close: () => inflating?.close(),
  }
}

interface Inflating {
  write(data: Buffer): Promise<void>
  /** Null: it cannot be uncompressed. */
  end(): Promise<string | null>
  close(): void
}

function inflate(): Inflating {
  const gunzip = createGunzip()
  const hashed = hashOf(gunzip)
  return {
    async write(data) {
      // After an error nothing more is to be had from it; that it was one is told at the end.
      if (gunzip.destroyed || gunzip.write(data)) return
      await Promise.race([once(gunzip, 'drain').catch(() => null), hashed])
    },
    end() {
      gunzip.end()
      return hashed
    },
    close: () => void gunzip.destroy(),
  }
}

async function hashOf(gunzip: Gunzip): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    for await (const data of gunzip) hash.update(data as Buffer)
    return hash.digest('hex')
  } catch {
    return null
  }
}
