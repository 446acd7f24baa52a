import { encodeEntry, paddingOf, readEntry } from './archive-entry.ts'
import { BLOCK_BYTES } from './archive-header.ts'
import { type ByteInput, createInput, gunzip } from './archive-input.ts'
import { type ArchiveRules, checkEntry, refuseCompression } from './archive-rules.ts'

/** Written at once; small entries would otherwise cost a write each. */
const BATCH_BYTES = 64 * 1024

const MAGIC_BYTES = 10
const GZIP = 'gzip'
/** As the engine tells them (moby `archive.DetectCompression`), by the first bytes. */
const COMPRESSIONS: readonly (readonly [name: string, magic: RegExp])[] = [
  ['bzip2', /^BZh/],
  [GZIP, /^\x1f\x8b\x08/],
  ['xz', /^\xfd7zXZ\0/],
  // Frames, and frames that are to be skipped.
  ['zstd', /^(?:\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)/],
]

/**
 * Checks a tar archive on its way: yields an archive with the same entries, written anew from what was read of each, so
 * that the engine sees nothing that was not understood. Plain or gzip; what is yielded is plain, so of another length.
 *
 * Entries are yielded before later ones are seen: what was already there stays when one of them is refused. Memory is
 * bounded, and nothing is read from the source before it is asked for. When the loop over it ends early, or with an error,
 * the source is told so.
 *
 * @throws Refusal `body-malformed`; what `rules.refuse` makes of an entry that the role does not allow; what the source throws
 */
export async function* checkArchive(
  source: AsyncIterable<Buffer>,
  rules: ArchiveRules,
): AsyncGenerator<Buffer, void, undefined> {
  const input = createInput(source)
  try {
    const archive = await decompressed(input, rules)
    try {
      yield* inBatches(rewritten(archive, rules))
      // What stands behind the end mark is nothing to the engine either, but the client is to be read to its end.
      for await (const _ of archive.rest());
    } finally {
      archive.close()
    }
  } finally {
    input.close()
  }
}

async function decompressed(input: ByteInput, rules: ArchiveRules): Promise<ByteInput> {
  const start = (await input.peek(MAGIC_BYTES)).toString('latin1')
  const compression = COMPRESSIONS.find(([, magic]) => magic.test(start))?.[0]
  if (compression === undefined) return input
  if (compression !== GZIP) throw refuseCompression(compression, rules)
  return createInput(gunzip(input))
}

async function* rewritten(input: ByteInput, rules: ArchiveRules): AsyncGenerator<Buffer, void, undefined> {
  for (let read = await readEntry(input); read !== null; read = await readEntry(input)) {
    const entry = checkEntry(read, rules)
    yield encodeEntry(entry)
    const kept: Buffer[] | null = rules.watch?.wants(entry) ? [] : null
    const passing = rules.watch?.pass?.(entry) ?? null
    try {
      for (let left = entry.size; left > 0; ) {
        const data = await input.some(left)
        left -= data.length
        // What is yielded is copied on its way, and its memory used again.
        kept?.push(Buffer.from(data))
        if (passing !== null) await passing.write(data)
        yield data
      }
      await passing?.end()
    } finally {
      passing?.close()
    }
    if (kept !== null) rules.watch?.read(entry, Buffer.concat(kept))
    const padding = paddingOf(entry.size)
    if (padding === 0) continue
    await input.take(padding)
    yield Buffer.alloc(padding)
  }
  await rules.watch?.end()
  yield Buffer.alloc(2 * BLOCK_BYTES)
}

/** The same bytes, in pieces of one size but for the last. */
async function* inBatches(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let batch = Buffer.allocUnsafe(BATCH_BYTES)
  let size = 0
  for await (let piece of pieces) {
    while (piece.length > 0) {
      const copied = piece.copy(batch, size)
      size += copied
      piece = piece.subarray(copied)
      if (size < BATCH_BYTES) continue
      yield batch
      batch = Buffer.allocUnsafe(BATCH_BYTES)
      size = 0
    }
  }
  if (size > 0) yield batch.subarray(0, size)
}
