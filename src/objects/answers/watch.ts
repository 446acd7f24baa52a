import type { Decide, Plain } from './decide.ts'
import { filterSequence } from './filter-sequence.ts'

/**
 * The progress that the engine tells of a pull, a push, a load or a build, as it is; each message is looked at, and the end
 * waits until what it means was noted, so that the client's next request finds it.
 *
 * @throws Refusal `engine-broken` from the iteration, as `filterSequence`; what `end` throws
 */
export async function* watchProgress(
  chunks: AsyncIterable<Buffer>,
  look: (message: Plain) => void,
  end: () => Promise<void>,
): AsyncGenerator<Buffer, void, undefined> {
  const decide: Decide = (message) => {
    look(message)
    return true
  }
  yield* filterSequence(chunks, decide)
  await end()
}
