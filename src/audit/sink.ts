/**
 * What became of a line: `written`, handed to the operating system (it outlives this process, not the machine);
 * `waiting`, in memory; or `lost`, as nothing more may wait.
 */
export type Fate = 'written' | 'waiting' | 'lost'

/** Where lines go. */
export interface Sink {
  /** @param line with its line feed */
  write(line: string, record: object): Fate
  state(): RecordsState
  /** Resolves when everything written so far is handed over, or cannot be. Nothing is written after it. */
  close(): Promise<void>
}

/** How it stands with the writing of records. */
export interface RecordsState {
  /** In words: `standard output`, a file, an address. */
  readonly place: string
  /** The file that is written now; absent where they go elsewhere. */
  readonly file: string | undefined
  /** What the last write came to, when it failed: since when (milliseconds since the epoch), and why. */
  readonly failing: { readonly since: number; readonly why: string } | null
  /** Lines that were lost since the start. */
  readonly lost: number
}

/** A disk that is slow or full, or somebody who does not read, does not keep the gate from ending. */
export const CLOSE_MS = 5_000
/** Bytes that may wait; beyond it records are lost. */
export const MOST_WAITING = 16 * 1024 * 1024

/** Keeps what goes wrong with a sink, and says so once on standard error, and when it is over. */
export function createTrouble() {
  let failing: RecordsState['failing'] = null
  let lost = 0
  let lostBefore = 0
  return {
    fail(why: string) {
      if (failing === null) process.stderr.write(`dockgate: records cannot be written: ${why}\n`)
      failing = { since: failing?.since ?? Date.now(), why }
    },
    lose(why: string) {
      lost++
      this.fail(why)
    },
    over() {
      if (failing === null) return
      const missing = lost === lostBefore ? '' : `; lost: ${lost - lostBefore}`
      process.stderr.write(`dockgate: records can be written again${missing}\n`)
      lostBefore = lost
      failing = null
    },
    state: () => ({ failing, lost }),
  }
}
