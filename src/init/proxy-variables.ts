import { didYouMean } from '../nearest.ts'
import { quoted } from '../text.ts'
import { PROXY_DEFAULTS, PROXY_KINDS, type ProxyKind, proxyVariables } from './proxy-rules.ts'

/** A variable that was given, and where. */
export interface Given {
  readonly name: string
  readonly value: string
  /** `FILE:LINE`, or the option. */
  readonly where: string
}

/** Reads a file as `docker run --env-file` does: NAME=VALUE a line, quotes are part of the value, `#` begins a comment line. */
export function readVariables(file: string, text: string): readonly Given[] {
  return text.split('\n').flatMap((line, index) => {
    const equals = line.indexOf('=')
    const name = line.slice(0, equals).trim()
    return equals < 1 || line.trimStart().startsWith('#')
      ? []
      : [{ name, value: line.slice(equals + 1).replace(/\r$/, ''), where: `${file}:${index + 1}` }]
  })
}

/** What variables say: those that are on, and the names that are not the proxy's. */
export interface Switches {
  readonly on: ReadonlySet<string>
  readonly others: readonly string[]
}

/**
 * Which variables are on: what was given, later ones first, then the defaults of the proxies' images.
 *
 * @param strict names that the proxy does not know are errors; a container's environment has many of those
 * @throws Error with a message for a person, which names the place
 */
export function readSwitches(kind: ProxyKind, given: readonly Given[], strict: (one: Given) => boolean): Switches {
  const known = proxyVariables(kind)
  const on = new Set(PROXY_DEFAULTS)
  const others: string[] = []
  for (const one of given) {
    if (!known.includes(one.name)) {
      const problem = unknownName(one, kind, strict(one))
      if (problem !== null) throw new Error(`${one.where}: ${problem}`)
      others.push(one.name)
    } else if (isOn(one)) on.add(one.name)
    else on.delete(one.name)
  }
  return { on, others }
}

/** HAProxy takes the leading digits of a value as a number, so that to it `true` and `"1"` are 0: neither is guessed at. */
function isOn({ name, value, where }: Given): boolean {
  if (value === '1') return true
  if (value === '0' || value === '') return false
  throw new Error(`${where}: ${name}=${quoted(value, 80)} is neither 0 nor 1, and the proxy may have taken it for 0`)
}

function unknownName({ name }: Given, kind: ProxyKind, strict: boolean): string | null {
  const kinds = PROXY_KINDS.filter((other) => proxyVariables(other).includes(name))
  if (kinds.length > 0) {
    const which = kinds.map((other) => `--proxy ${other}`).join(' or ')
    return `${name} is no variable of ${kind}; it is one with ${which}`
  }
  if (!strict && !name.startsWith('ALLOW_')) return null
  return `${quoted(name, 80)} is no variable of ${kind}${didYouMean(name, proxyVariables(kind))}`
}
