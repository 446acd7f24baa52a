import type { ArchiveEntry } from '../../inspect/archive-entry.ts'
import type { ArchiveRules } from '../../inspect/archive-rules.ts'
import { Refusal } from '../../refusal.ts'
import { quoted } from '../../text.ts'

/** Of one Dockerfile. */
const MOST_BYTES = 1024 * 1024
/** Names of links, all together, each with what it takes to keep it. */
const MOST_LINK_BYTES = 8 * 1024 * 1024
const LINK_BYTES = 64
/** Where this is named and not there, the engine takes the same in small letters. */
const DEFAULT = 'Dockerfile'

/**
 * Rules for the context of a build, an archive that is looked into for its Dockerfile. The classic builder unpacks the
 * whole context before it reads any of it, so the end waits for what `judge` says of the Dockerfile that stands at the
 * place then; a rejection refuses the build before anything of it was done.
 *
 * @param dockerfile the path that the request names; empty: the engine's own
 */
export function contextRules(dockerfile: string, judge: (text: string) => Promise<void>): ArchiveRules {
  const wanted = placesOf(dockerfile)
  const texts = new Map<string, string>()
  return {
    anyLinks: true,
    special: true,
    refuse: ({ asked, why }) => new Refusal('body-malformed', `${asked}: ${why}`),
    watch: {
      wants: placeWatch(wanted),
      read: ({ name }, content) => void texts.set(cleaned(name), textOf(content)),
      async end() {
        if (texts.size === 0)
          throw malformed(`the context has no Dockerfile ${quoted(dockerfile || DEFAULT, 80)} that the gate can see`)
        for (const text of texts.values()) await judge(text)
      },
    },
  }
}

/** Where the engine looks, as bytes of UTF-8, one character a byte, as names in archives are. */
function placesOf(dockerfile: string): readonly string[] {
  if (dockerfile.split('/').includes('..'))
    throw malformed(`the Dockerfile ${quoted(dockerfile, 80)} has ".." in its name`)
  const place = cleaned(Buffer.from(dockerfile || DEFAULT).toString('latin1'))
  return place === DEFAULT ? [place, DEFAULT.toLowerCase()] : [place]
}

/**
 * Tells the files at these places, and refuses what would bring others there unseen: an entry behind a link is written
 * where the link leads, whatever it is called.
 */
function placeWatch(wanted: readonly string[]): (entry: ArchiveEntry) => boolean {
  const names = new Set(wanted.flatMap((place) => place.split('/')))
  const ways = new Set(wanted.flatMap(waysTo))
  const links = new Set<string>()
  let linkBytes = 0
  return ({ name, type, size }) => {
    const path = cleaned(name)
    const isLink = type === 'symbolic link' || type === 'hard link'
    if (isLink && ways.has(path)) throw linked(path)
    if (
      names.has(path.slice(path.lastIndexOf('/') + 1)) &&
      waysTo(path)
        .slice(0, -1)
        .some((way) => links.has(way))
    ) {
      throw linked(path)
    }
    if (isLink) {
      linkBytes += path.length + LINK_BYTES
      if (linkBytes > MOST_LINK_BYTES) throw malformed('the context has too many links')
      // A hard link to a symbolic one is one.
      links.add(path)
    }
    if (!wanted.includes(path) || type === 'directory') return false
    if (type !== 'file') throw linked(path)
    if (size > MOST_BYTES) throw malformed(`the Dockerfile has more than ${MOST_BYTES} bytes`)
    return true
  }
}

/** `a`, `a/b` and `a/b/c` of the last. */
function waysTo(path: string): readonly string[] {
  const segments = path.split('/')
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'))
}

/** `a/b` for `./a//b/`. */
function cleaned(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/')
}

/** Two different texts must not look the same. */
function textOf(content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch (cause) {
    throw new Refusal('body-malformed', 'the Dockerfile is not UTF-8', { cause })
  }
}

function linked(path: string): Refusal {
  return malformed(`the Dockerfile ${quoted(path, 80)} is no file, or is reached through a link: send it as a file`)
}

function malformed(problem: string): Refusal {
  return new Refusal('body-malformed', problem)
}
