/**
 * What Docker Engine 28 does with a reference: the regular expressions of github.com/distribution/reference v0.6.0 and
 * its `ParseNormalizedNamed`, written in another language and nothing else. For comparison only.
 */
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`
const pathComponent = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*'
const remoteName = `${pathComponent}(?:/${pathComponent})*`
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][0-9A-Fa-f]{32,}'
const REFERENCE = new RegExp(
  `^(?:(?<domain>${domain})/)?(?<path>${remoteName})(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?<digest>${digest}))?$`,
)
const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/

/** The identifier that `ParseAnyReference` finds, or null. */
export function goIdentifier(text: string): string | null {
  if (/^[a-f0-9]{64}$/.test(text)) return `sha256:${text}`
  return DIGEST.test(text) ? text : null
}

/** The registry is empty where Go finds none. */
export function goReference(
  text: string,
): { registry: string; repository: string; tag: string | null; digest: string | null } | null {
  if (/^[a-f0-9]{64}$/.test(text)) return null
  const [first, rest] = splitDockerDomain(text)
  const colon = rest.indexOf(':')
  const remote = colon < 0 ? rest : rest.slice(0, colon)
  if (remote.toLowerCase() !== remote) return null
  const groups = REFERENCE.exec(`${first}/${rest}`)?.groups
  if (groups === undefined || (groups.path?.length ?? 0) > 255) return null
  if (groups.digest !== undefined && !DIGEST.test(groups.digest)) return null
  return {
    registry: groups.domain ?? '',
    repository: groups.path ?? '',
    tag: groups.tag ?? null,
    digest: groups.digest ?? null,
  }
}

function splitDockerDomain(name: string): [string, string] {
  const slash = name.indexOf('/')
  if (slash < 0) return ['docker.io', `library/${name}`]
  const first = name.slice(0, slash)
  const rest = name.slice(slash + 1)
  let split: [string, string] = ['docker.io', name]
  if (first === 'localhost') split = [first, rest]
  else if (first === 'index.docker.io') split = ['docker.io', rest]
  else if (/[.:]/.test(first) || first.toLowerCase() !== first) split = [first, rest]
  if (split[0] === 'docker.io' && !split[1].includes('/')) split[1] = `library/${split[1]}`
  return split
}
