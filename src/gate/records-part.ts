import { statSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Fate, RecordsState } from '../audit/sink.ts'
import { type ObservedRecords, openRecords, type RecordsOptions, type RecordWriter } from '../audit/writer.ts'
import type { Part } from './parts.ts'

/** Records of a gate. */
export interface GateRecords extends ObservedRecords {
  /** Nothing is changed on the engine unless it is written down before. */
  readonly required: boolean
}

interface Place {
  readonly options: RecordsOptions
  /** Another number when another file is there: after the old one was moved away, as logrotate does. */
  readonly inode: number | null
  readonly writer: RecordWriter
}

/** Records that may wait while one writer of a file gives way to the next. */
const MOST_HELD = 10_000
const NOWHERE: RecordsState = { place: 'nowhere', file: undefined, failing: null, lost: 0 }

/** Where records go. What is still written under the configuration before goes to the new place as well. */
export function recordsPart(): Part<RecordsOptions, GateRecords> {
  let current: Place | null = null
  const closing: Promise<void>[] = []
  // While two would write to one file.
  let held: object[] | null = null
  let lost = 0

  function write(record: object): Fate {
    if (held === null) return current?.writer.write(record) ?? 'lost'
    if (held.length < MOST_HELD) {
      held.push(record)
      return 'waiting'
    }
    lost++
    return 'lost'
  }

  function state(): RecordsState {
    const now = current?.writer.state() ?? NOWHERE
    return { ...now, lost: now.lost + lost }
  }

  function take(place: Place): void {
    const before = current
    current = place
    if (before === null) {
      place.writer.begin(null)
      return
    }
    const closed = before.writer.close()
    // Behind its last checkpoint.
    const head = before.writer.head()
    lost += before.writer.state().lost
    closing.push(closed)
    const samePath = before.options.file !== undefined && before.options.file === place.options.file
    if (!samePath || before.inode !== place.inode) {
      place.writer.begin(samePath ? head : null)
      return
    }
    held = []
    closing.push(
      closed.then(() => {
        const waited = held ?? []
        held = null
        place.writer.begin(head)
        for (const record of waited) place.writer.write(record)
      }),
    )
  }

  return {
    async prepare(options) {
      const { file } = options
      const value: GateRecords = { write, state, required: options.required === true }
      if (current !== null && isDeepStrictEqual(current.options, options) && current.inode === inodeOf(file)) {
        return { value, use: () => {}, drop: () => {} }
      }
      const writer = await openRecords(options)
      const place = { options, inode: inodeOf(file), writer }
      return { value, use: () => take(place), drop: () => void writer.discard() }
    },
    async close() {
      await Promise.all(closing)
      await current?.writer.close()
    },
  }
}

function inodeOf(file: string | undefined): number | null {
  return file === undefined ? null : (statSync(file, { throwIfNoEntry: false })?.ino ?? null)
}
