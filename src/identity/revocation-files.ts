import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { whyUnreadable } from '../config/read-file.ts'
import { PkiError } from '../pki/errors.ts'
import { MOST_LIST_BYTES, type RevocationList, readRevocationLists } from '../pki/revocation-list.ts'

const MOST_FILES = 1000

/** What was read of the configured revocation lists. */
export interface ReadLists {
  readonly lists: readonly RevocationList[]
  /** One line for each file that could not be read; what an earlier read had of it is still among the lists. */
  readonly problems: readonly string[]
}

/**
 * Makes the function that reads revocation lists from files, and from folders all of whose files (but hidden ones) hold
 * such. Who revokes must be able to count on it: a file that is broken now counts as it was when it was last read.
 *
 * @param paths absolute
 */
export function createListReader(paths: readonly string[]): () => ReadLists {
  let known = new Map<string, readonly RevocationList[]>()

  return function readLists() {
    const found = new Map<string, readonly RevocationList[]>()
    const problems: string[] = []
    for (const path of paths) {
      for (const file of filesAt(path, known, problems)) {
        const lists = readFile(file, problems) ?? known.get(file)
        if (lists) found.set(file, lists)
      }
    }
    known = found
    return { lists: [...found.values()].flat(), problems }
  }
}

function filesAt(path: string, known: ReadonlyMap<string, unknown>, problems: string[]): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path).filter((name) => !name.startsWith('.'))
    if (names.length > MOST_FILES) throw new Error(`${names.length} files are in it; ${MOST_FILES} are read at most`)
    return names.sort().map((name) => join(path, name))
  } catch (error) {
    problems.push(`${path} ${whyUnreadable(error)}`)
    return [...known.keys()].filter((file) => file === path || file.startsWith(`${path}/`))
  }
}

/** Null after a problem. */
function readFile(file: string, problems: string[]): readonly RevocationList[] | null {
  try {
    const facts = statSync(file)
    if (!facts.isFile()) throw new PkiError('is not a regular file')
    if (facts.size > MOST_LIST_BYTES) throw new PkiError('is larger than 4 MiB')
    return readRevocationLists(readFileSync(file))
  } catch (error) {
    problems.push(`${file} ${error instanceof PkiError ? error.message : whyUnreadable(error)}`)
    return null
  }
}
