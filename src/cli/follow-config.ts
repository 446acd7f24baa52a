import { resolve } from 'node:path'
import { formatProblem } from '../config/errors.ts'
import type { LoadedConfig } from '../config/load.ts'
import { type FileWatch, watchFiles } from '../config/watch.ts'
import type { RunningGate } from '../gate/start.ts'
import { say } from './failure.ts'

/** Who is told of each reading of the file behind the first; a file with a problem that nobody asked for has no begin. */
interface Reloads {
  begin(): void
  /** @param outcome what is in force from here on, as one line for a person */
  end(outcome: string): void
}

/** A configuration file that is followed. */
export interface FollowedConfig {
  readonly first: LoadedConfig
  /** From here on every change of the file goes to the gate, those since the first reading included. */
  feed(gate: RunningGate, reloads?: Reloads | null): void
  /** Reads the file again now, changed or not. */
  again(): void
  close(): void
}

/**
 * Reads a configuration, and again whenever its file, or one that it includes, changes. A file with a problem changes nothing, and each problem is
 * told as `dockgate check` does.
 *
 * @param file as the operator named it
 * @param load reads the whole configuration; tells `reads` of each file before it reads it (`ReadOptions`)
 * @throws what `load` throws the first time
 */
export function followConfig(file: string, load: (reads: (path: string) => void) => LoadedConfig): FollowedConfig {
  let first: LoadedConfig | null = null
  let gate: RunningGate | null = null
  let reloads: Reloads | null = null
  let waiting: LoadedConfig | null = null
  let reloading = false
  let generation = 1

  /** One after the other; of those that come meanwhile only the last is put to use. */
  async function reload(): Promise<void> {
    if (reloading || gate === null || waiting === null) return
    reloading = true
    let outcome = ''
    while (waiting !== null) {
      const next: LoadedConfig = waiting
      waiting = null
      try {
        const done = await gate.reload(next)
        generation = done.generation
        say(`${file} was reloaded: generation ${generation} is in force`)
        for (const warning of next.warnings) say(`warning: ${formatProblem(warning)}`)
        for (const note of done.notes) say(note)
        outcome = `serving generation ${generation} of ${file}`
      } catch (error) {
        outcome = refuse(error)
      }
    }
    reloading = false
    reloads?.end(outcome)
  }

  /** Returns what is in force from here on. */
  function refuse(error: unknown): string {
    gate?.noteRefusedReload()
    const problems = error instanceof Error ? error.message : String(error)
    say(`ERROR: ${file} was NOT reloaded: generation ${generation} of the configuration stays in force`)
    for (const problem of problems.split('\n')) say(`ERROR: ${problem}`)
    return `serving generation ${generation} of ${file}, which was changed and can NOT be put in force`
  }

  function put(loaded: LoadedConfig): void {
    waiting = loaded
    void reload()
  }

  function take(reads: (path: string) => void): void {
    const loaded = load(reads)
    if (first === null) {
      first = loaded
      return
    }
    reloads?.begin()
    put(loaded)
  }

  const failed = (error: unknown) => {
    const outcome = refuse(error)
    reloads?.end(outcome)
  }
  const watch: FileWatch = watchFiles({ paths: [resolve(file)], load: take, failed })
  return {
    first: first as unknown as LoadedConfig,
    feed(running, told = null) {
      gate = running
      reloads = told
      void reload()
    },
    again() {
      reloads?.begin()
      try {
        put(load(() => {}))
      } catch (error) {
        failed(error)
      }
    },
    close: watch.close,
  }
}
