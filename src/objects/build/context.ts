import type { ArchiveEntry } from '../../inspect/archive-entry.ts'
import type { ArchiveRules } from '../../inspect/archive-rules.ts'
import { Refusal } from '../../refusal.ts'
import { quoted } from '../../text.ts'

/** Of one Dockerfile. */
const MOST_BYTES = 1024 * 1024
/** Names of symbolic links, all together. */
const MOST_LINK_BYTES = 8 * 1024 * 1024

/**
 * Rules for the context of a build, an archive that is looked into for its Dockerfile. The classic builder unpacks the
 * whole context before it reads any of it, so the end waits for what `judge` says of each Dockerfile that stands at the
 * place; a rejection refuses the build before anything of it was done.
 *
 * @param dockerfile the path that the request names; empty: the engine's own, in either case
 */
export function contextRules(dockerfile: string, judge: (text: string) => Promise<void>): ArchiveRules {
  const wanted = dockerfile === '' ? ['Dockerfile', 'dockerfile'] : [cleaned(dockerfile)]
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
        if (bases.has(path.split('/').at(-1)) && (isLinked(path) || isLink(entry))) throw linked(entry)
        if (entry.type === 'symbolic link') {
          linkBytes += path.length
          if (linkBytes > MOST_LINK_BYTES)
            throw new Refusal('body-malformed', 'the context has too many symbolic links')
          links.add(path)
        }
        if (entry.type !== 'file' || !wanted.includes(path)) return false
        if (entry.size > MOST_BYTES)
          throw new Refusal('body-malformed', `the Dockerfile has more than ${MOST_BYTES} bytes`)
        return true
      },
      read: (_entry, content) => void texts.push(content.toString()),
      async end() {
        for (const path of wanted) if (isLinked(path)) throw new Refusal('body-malformed', through(path))
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

function isLink({ type }: ArchiveEntry): boolean {
  return type === 'symbolic link' || type === 'hard link'
}

function linked({ name }: ArchiveEntry): Refusal {
  return new Refusal('body-malformed', through(name))
}

function through(path: string): string {
  return `the Dockerfile ${quoted(path, 80)} is a link, or is reached through one: send it as a file`
}
