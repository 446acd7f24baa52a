import { readFileSync } from 'node:fs'
import type { RecordsConfig } from '../config/records-schema.ts'
import { createSigner, GENESIS, type Head, lineHash } from './chain.ts'
import type { ChainFields } from './line.ts'
import type { Checkpoint } from './record-schema.ts'
import type { Fate, Sink } from './sink.ts'
import type { Tail } from './tail.ts'

/** What makes lines a chain while they are written. */
export type Chain = ReturnType<typeof createChain>

/**
 * A chain, which `begin` puts at the end of another.
 *
 * @param due is called when lines have waited `interval` milliseconds for a checkpoint
 * @throws Error when the key cannot be read
 */
export function createChain({ key, lines, interval }: NonNullable<RecordsConfig['chain']>, due: () => void) {
  const signer = createSigner(readFileSync(key, 'utf8'))
  let head = GENESIS
  let unsigned = 0
  let signing = false
  let timer: NodeJS.Timeout | null = null

  function checkpoint(why: Checkpoint['why'], more: Pick<Checkpoint, 'torn'> = {}): object {
    signing = true
    return { event: 'checkpoint', why, ...more, key: signer.id } satisfies Checkpoint & { key: string }
  }

  return {
    /** Of the next line. */
    fields: (): ChainFields => ({ seq: head.seq + 1, prev: head.hash }),
    /** A line that is lost leaves no gap: the next one takes its place. */
    write(line: string, record: object, sink: Sink): Fate {
      const plain = line.slice(0, -1)
      const text = signing ? signer.sign(plain) : plain
      const fate = sink.write(`${text}\n`, record)
      if (fate !== 'lost') {
        head = { seq: head.seq + 1, hash: lineHash(text) }
        unsigned = signing ? 0 : unsigned + 1
        if (unsigned > 0) timer ??= setTimeout(due, interval).unref()
      }
      signing = false
      return fate
    },
    isDue: () => unsigned >= lines,
    /**
     * The first line: it signs what is there, and says what was found torn.
     *
     * @param tail of the file; null when there is none
     * @param after of the file before; counts when this one is empty
     */
    begin(tail: Tail | null, after: Head | null): object {
      head = tail === null || tail.empty ? (after ?? GENESIS) : tail.head
      return checkpoint('start', tail?.torn ? { torn: tail.torn } : {})
    },
    /** A line that signs everything before it; to be written at once. */
    checkpoint(why: 'interval' | 'close'): object {
      if (timer !== null) clearTimeout(timer)
      timer = null
      return checkpoint(why)
    },
    head: () => head,
  }
}
