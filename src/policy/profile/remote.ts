/** Over which the engine fetches a build's context. */
const SCHEMES: ReadonlySet<string> = new Set(['https:', 'http:', 'git:'])

/** Engines decode it, and those before 18.09.4 let git take a branch for an option (CVE-2019-13139). */
const FRAGMENT = /^(?!-)[\x21-\x24\x26-\x7e]*$/

/** The engine's short form of `https://github.com/`. */
const GITHUB = 'github.com/'

/**
 * Reads the `remote` of a build, where it is a URL that every reader takes for the same: written canonically (WHATWG URL),
 * `https`, `http` or `git`, with neither credentials nor a query, and no encoded slash. Answers the URL without its
 * fragment, which names a branch and a directory in a git repository, and must not look like an option of git. Null for
 * everything else, such as `git@host:path`.
 */
export function parseRemote(text: string): string | null {
  const hash = text.indexOf('#')
  const written = hash < 0 ? text : text.slice(0, hash)
  if (hash >= 0 && !FRAGMENT.test(text.slice(hash + 1))) return null
  const location = written.startsWith(GITHUB) ? `https://${written}` : written
  const url = URL.parse(location)
  if (url === null || !SCHEMES.has(url.protocol)) return null
  if (!/^(?:[a-z0-9][a-z0-9.-]*|\[[0-9a-f:]+\])$/.test(url.hostname)) return null
  if (url.username !== '' || url.password !== '' || url.href !== location) return null
  // A scheme that WHATWG does not know keeps what others would read as a slash.
  if (/[^\x21-\x7e]|[?\\]|%2f|%5c/i.test(location)) return null
  return location
}
