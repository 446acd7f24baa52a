import type { ArchiveEntry } from '../../inspect/archive-entry.ts'
import type { ArchiveRules } from '../../inspect/archive-rules.ts'
import { Refusal } from '../../refusal.ts'
import { quoted } from '../../text.ts'

/** The engine's own place, and the one where it looks when nothing is there. */
const DEFAULT = ['Dockerfile', 'dockerfile'] as const

/** Of one Dockerfile. */
const MOST_BYTES = 1024 * 1024
/** Names of links, all together. */
const MOST_LINK_BYTES = 8 * 1024 * 1024

/**
 * Rules for the context of a build, an archive that is looked into for its Dockerfile. The classic builder unpacks the
 * whole context before it reads any of it, so the end waits for what `judge` says of each Dockerfile that stands at the
 * place; a rejection refuses the build before anything of it was done, and so does a context without one.
 *
 * @param dockerfile the path that the request names; empty: the engine's own
 * @throws Refusal `query-malformed` for a path that leads up
 */
export function contextRules(dockerfile: string, judge: (text: string) => Promise<void>): ArchiveRules {
  const wanted = placesOf(dockerfile)
  const bases = new Set(wanted.map((path) => path.split('/').at(-1)))
  const links = new Set<string>()
  const texts: string[] = []
  let linkBytes = 0

  /** Whether a path leads through a link of the archive, so that it may be another one than it says. */
  const isLinked = (path: string) => {
    const segments = path.split('/')
    return segments.some((_, index) => links.has(segments.slice(0, index + 1).join('/')))
  }

  return {
    anyLinks: true,
    special: true,
    refuse: ({ asked, why }) => new Refusal('body-malformed', `${asked}: ${why}`),
    watch: {
      wants(entry) {
        const path = cleaned(entry.name)
        if (bases.has(path.split('/').at(-1)) && (isLinked(path) || !isPlain(entry))) throw linked(entry)
        // A hard link may be one of a symbolic link.
        if (entry.type === 'symbolic link' || entry.type === 'hard link') {
          linkBytes += path.length
          if (linkBytes > MOST_LINK_BYTES) throw new Refusal('body-malformed', 'the context has too many links')
          links.add(path)
        }
        if (entry.type !== 'file' || !wanted.includes(path)) return false
        if (entry.size > MOST_BYTES)
          throw new Refusal('body-malformed', `the Dockerfile has more than ${MOST_BYTES} bytes`)
        return true
      },
      read: (_entry, content) => void texts.push(textOf(content)),
      async end() {
        for (const path of wanted) if (isLinked(path)) throw new Refusal('body-malformed', through(path))
        if (texts.length === 0) {
          const place = quoted(wanted[0] as string, 80)
          throw new Refusal('body-malformed', `the context has no Dockerfile ${place} that the gate can see`)
        }
        for (const text of texts) await judge(text)
      },
    },
  }
}

/** `a/b` for `./a//b/`. */
function cleaned(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/')
}

/** Every place where the engine may look, spelt as entries of archives are: each character a byte. */
function placesOf(dockerfile: string): readonly string[] {
  const path = cleaned(Buffer.from(dockerfile).toString('latin1'))
  if (path.split('/').includes('..')) throw new Refusal('query-malformed', 'the parameter "dockerfile" has ".." in it')
  return path === '' || path === DEFAULT[0] ? DEFAULT : [path]
}

/** Two different texts must not look the same. */
function textOf(content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch (cause) {
    throw new Refusal('body-malformed', 'the Dockerfile is not UTF-8', { cause })
  }
}

function isPlain({ type }: ArchiveEntry): boolean {
  return type === 'file' || type === 'directory'
}

function linked({ name }: ArchiveEntry): Refusal {
  return new Refusal('body-malformed', through(name))
}

function through(path: string): string {
  return `the Dockerfile ${quoted(path, 80)} is no file, or is reached through a link: send it as a file`
}
