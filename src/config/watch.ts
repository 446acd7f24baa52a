import { type FSWatcher, readdirSync, realpathSync, statSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'

/** The longest that a change stays unseen where the system reports none: network folders, inotify's limits. */
const LOOK_MS = 1000
/** One change is often several events: this long after one, all of them are looked at together. */
const GATHER_MS = 20
/** What is being written keeps still this long before it is read, so that a pair of files is read as a pair. */
const SETTLE_MS = 100
/** What never keeps still is read all the same after so many looks. */
const MOST_UNSETTLED = 20
/** Looks between two tries of a load that fails: 1, 2, 4 … 64. */
const SLOWEST_RETRY = 64
const MOST_ENTRIES = 1000

export interface WatchOptions {
  /** Absolute. A folder stands for the files in it, not for those in folders below it. None of them has to exist. */
  readonly paths: readonly string[]
  /**
   * Reads the files and puts them to use; called at once, and again when they have changed and kept still. What it
   * throws keeps things as they are, and it is tried again from time to time until it throws no more. Whatever it reads
   * beside `paths` it tells `reads` of, with its absolute path and before it reads it: that is followed until the next
   * time.
   */
  readonly load: (reads: (path: string) => void) => void
  /** Takes what `load` threw after the first time, once for as long as the message stays the same. */
  readonly failed: (error: Error) => void
}

/** Files that are kept in step with what is made of them. */
export interface FileWatch {
  close(): void
}

/**
 * Loads files, and again whenever what stands behind their paths is another: written in place, replaced by rename
 * (editors, certbot), or swapped with the folder that a symbolic link leads through (Kubernetes). The system's events
 * make it prompt, and a look each second makes it certain. Neither keeps the process alive.
 *
 * @throws what the first `load` throws
 */
export function watchFiles({ paths, load, failed }: WatchOptions): FileWatch {
  /** What stood behind each path when it was last looked at. */
  let seen = fingerprintsOf(paths)
  loadAndFollow()

  let folders: FSWatcher[] = []
  let gathering: NodeJS.Timeout | null = null
  let settling: NodeJS.Timeout | null = null
  let unsettled = 0
  /** Since the last change, how often an event led to a look that found nothing. */
  let inVain = 0
  let failures = 0
  let looksToRetry = 0
  let said = ''

  function loadAndFollow(): void {
    const followed = new Map(paths.map((path) => [path, seen.get(path) ?? '']))
    try {
      load((path) => {
        if (!followed.has(path)) followed.set(path, fingerprint(path, true))
      })
    } finally {
      seen = followed
    }
  }

  function tryLoad(): void {
    try {
      loadAndFollow()
      failures = 0
      said = ''
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause))
      looksToRetry = Math.min(SLOWEST_RETRY, 2 ** failures)
      failures += 1
      if (error.message !== said) failed(error)
      said = error.message
    }
    // Folders may be others now: those behind a link, or one that was replaced as a whole.
    listen()
  }

  function settle(): void {
    settling = null
    const found = fingerprintsOf(seen.keys())
    const still = isSame(found, seen)
    seen = found
    unsettled += 1
    if (still || unsettled >= MOST_UNSETTLED) tryLoad()
    else waitUntilSettled()
  }

  function waitUntilSettled(): void {
    settling = setTimeout(settle, SETTLE_MS).unref()
  }

  /** Whether something has changed; it is loaded when it has settled. */
  function look(): boolean {
    if (settling !== null) return true
    const found = fingerprintsOf(seen.keys())
    if (isSame(found, seen)) return false
    seen = found
    unsettled = 0
    inVain = 0
    waitUntilSettled()
    return true
  }

  function lookAndRetry(): void {
    // In a folder that has been quiet, the next event is looked into soon again.
    if (gathering === null) inVain = 0
    if (!look() && failures > 0 && --looksToRetry <= 0) tryLoad()
  }

  /** A folder where something else is written all the time, such as records, is looked into less and less often. */
  function lookSoon(): void {
    gathering ??= setTimeout(
      () => {
        gathering = null
        if (!look()) inVain += 1
      },
      Math.min(LOOK_MS, GATHER_MS * 2 ** inVain),
    ).unref()
  }

  function listen(): void {
    for (const folder of folders) folder.close()
    folders = foldersOf(seen.keys()).flatMap((folder) => watchFolder(folder, lookSoon) ?? [])
  }

  listen()
  const looking = setInterval(lookAndRetry, LOOK_MS).unref()
  return {
    close() {
      clearInterval(looking)
      if (gathering !== null) clearTimeout(gathering)
      if (settling !== null) clearTimeout(settling)
      for (const folder of folders) folder.close()
    },
  }
}

/** Null where the system cannot watch: the look each second has to do. */
function watchFolder(folder: string, changed: () => void): FSWatcher | null {
  try {
    return watch(folder, { persistent: false }, changed).on('error', () => {})
  } catch {
    return null
  }
}

/** The folders in which a change of these paths shows: their own, and those that links lead to. */
function foldersOf(paths: Iterable<string>): string[] {
  const folders = new Set<string>()
  for (const path of paths) {
    folders.add(dirname(path))
    try {
      const real = realpathSync(path)
      folders.add(statSync(real).isDirectory() ? real : dirname(real))
    } catch {
      // Not there, or not to be read: its own folder shows when that changes.
    }
  }
  return [...folders]
}

function fingerprintsOf(paths: Iterable<string>): ReadonlyMap<string, string> {
  return new Map([...paths].map((path) => [path, fingerprint(path, true)]))
}

function isSame(found: ReadonlyMap<string, string>, seen: ReadonlyMap<string, string>): boolean {
  return [...found].every(([path, text]) => seen.get(path) === text)
}

/** A text that is another one after every change of what stands behind the path. */
function fingerprint(path: string, enter: boolean): string {
  try {
    const facts = statSync(path, { bigint: true })
    if (!enter || !facts.isDirectory()) {
      return [facts.dev, facts.ino, facts.mode, facts.size, facts.mtimeNs, facts.ctimeNs].join(':')
    }
    const entries = readdirSync(path).sort().slice(0, MOST_ENTRIES)
    return entries.map((entry) => `${JSON.stringify(entry)} ${fingerprint(join(path, entry), false)}`).join('\n')
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}
