import { LRUCache } from 'lru-cache'
import { makeReapRecord } from '../audit/reap-record.ts'
import type { Records } from '../audit/writer.ts'
import type { Reach } from '../objects/leftovers.ts'
import { type Outcome, reap } from '../objects/reap.ts'
import { adoptVolumes, keepLedger } from '../objects/upkeep.ts'

/** So late at most something goes after its time. */
const EVERY_MS = 60_000
/** The ledger is held against the engine at the start, and after so many rounds. */
const UPKEEP_ROUNDS = 60
/** What cannot be removed is tried in each round, and recorded once. */
const MOST_FAILED = 8192

/** Removes what has outlived its role's lifetime, and its maker's token. */
export interface Reaper {
  /** Resolves when a round that is under way has ended, which it does at once when the engine is not to be asked any more. */
  close(): Promise<void>
}

/** @param warn is told when the engine cannot be asked, once until it can */
export function startReaper(reach: Reach, records: Records, warn: (line: string) => void): Reaper {
  const failed = new LRUCache<string, string>({ max: MOST_FAILED })
  let rounds = 0
  let told = ''
  let running: Promise<void> | null = null
  let closed = false

  const noted = ({ leftover: { kind, id, name, owner }, removal }: Outcome) => {
    const known = `${kind} ${id}`
    const why = removal.result === 'failed' ? removal.why : null
    // What fails now fails as the engine is not asked any more.
    if (closed && why !== null) return
    if (removal.result === 'gone' || (why !== null && failed.get(known) === why)) return
    if (why === null) failed.delete(known)
    else failed.set(known, why)
    records.write(makeReapRecord({ owner, object: { kind, name, id }, reason: 'expired', why }))
  }

  const round = async () => {
    const { problems } = await reap({ kind: 'expired', now: Date.now() }, reach, noted, () => !closed)
    const all = new Set(problems)
    if (!closed) await adoptVolumes(reach).catch((error: Error) => all.add(error.message))
    if (rounds % UPKEEP_ROUNDS === 0 && !closed) await keepLedger(reach).catch((error: Error) => all.add(error.message))
    // An engine that could not be asked at first is asked in the next round.
    if (all.size === 0) rounds += 1
    const text = [...all].join('; ')
    if (closed) return
    if (text !== '' && text !== told) warn(`what has expired cannot be removed: ${text}`)
    told = text
  }

  const begin = () => {
    running ??= round()
      .catch((error: unknown) => warn(`what has expired cannot be removed: ${String(error)}`))
      .finally(() => {
        running = null
      })
  }

  begin()
  const timer = setInterval(begin, EVERY_MS)
  timer.unref()
  return {
    async close() {
      closed = true
      clearInterval(timer)
      await running
    },
  }
}
