import type { ArchiveEntry } from '../../inspect/archive-entry.ts'
import type { Passing } from '../../inspect/archive-rules.ts'
import { parseJson } from '../../inspect/json/parse.ts'
import type { JsonValue } from '../../inspect/json/value.ts'
import { Refusal } from '../../refusal.ts'
import { quoted } from '../../text.ts'
import { digestsOf } from './digests.ts'
import { members, texts } from './folded.ts'

/** Of one image's configuration. */
const MOST_BYTES = 1024 * 1024
/** Files, links and layers of an archive, together. */
const MOST_THINGS = 65_536

/** Looks at the files of an archive of images. */
export interface Layers {
  /** Whether a file may be an image's configuration, which `read` is then to get. */
  wants(entry: ArchiveEntry): boolean
  read(entry: ArchiveEntry, content: Buffer): void
  pass(entry: ArchiveEntry): Passing | null
  /**
   * When every file went by.
   *
   * @param configurations paths of the images' configurations, as `manifest.json` has them
   * @throws Refusal `body-malformed` where a layer's content is not in the archive
   */
  check(configurations: readonly string[]): void
}

/**
 * Tells whether an archive has the content of every layer that its images say. Where an engine has a layer already it does
 * not look whether the archive has it (`tarexport.Load`, by the chain of `rootfs.diff_ids`), so that whoever knows the
 * digests of somebody else's layers would get what is in them.
 */
export function createLayers(): Layers {
  const digests = new Set<string>()
  const links = new Set<string>()
  /** Digests of layers by the path of what may be a configuration. */
  const configurations = new Map<string, readonly string[]>()
  let things = 0

  const count = (more: number) => {
    things += more
    if (things > MOST_THINGS) throw refused(`it has more than ${MOST_THINGS} files, links and layers`)
  }

  return {
    wants({ name, type, size }) {
      const path = cleaned(name)
      if (type === 'directory') return false
      count(1)
      if (isBelow(path, links)) throw refused(`${quoted(path, 80)} is reached through a link`)
      if (type !== 'file') links.add(path)
      if (type === 'file' && size <= MOST_BYTES) return true
      // It takes the place of what was there.
      configurations.delete(path)
      return false
    },
    read({ name }, content) {
      const path = cleaned(name)
      const layers = layersOf(content)
      if (layers === null) {
        configurations.delete(path)
        return
      }
      count(layers.length)
      configurations.set(path, [...(configurations.get(path) ?? []), ...layers])
    },
    pass: ({ type }) => (type === 'file' ? digestsOf((digest) => digests.add(digest)) : null),
    check(named) {
      for (const written of named) {
        const path = cleaned(Buffer.from(written).toString('latin1'))
        const layers = links.has(path) || isBelow(path, links) ? undefined : configurations.get(path)
        if (layers === undefined) throw refused(`it has no configuration ${quoted(written, 80)} that can be read`)
        const missing = layers.find((layer) => !digests.has(layer))
        if (missing !== undefined) throw refused(`it does not have the content of the layer ${quoted(missing, 80)}`)
      }
    },
  }
}

/** What `rootfs.diff_ids` says, in any case; null where it is no JSON object that can be read without doubt. */
function layersOf(content: Buffer): readonly string[] | null {
  let body: JsonValue
  try {
    body = parseJson(content)
  } catch {
    return null
  }
  return members(body, 'rootfs').flatMap((rootfs) => members(rootfs, 'diff_ids').flatMap(texts))
}

/** Whether a path leads through one of these. */
function isBelow(path: string, links: ReadonlySet<string>): boolean {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    if (links.has(path.slice(0, slash))) return true
  }
  return false
}

/** `a/b` for `./a//b/`. */
function cleaned(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/')
}

function refused(problem: string): Refusal {
  return new Refusal('body-malformed', `the archive of images is not taken: ${problem}`)
}
