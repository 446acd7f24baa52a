/** One assignment of an environment file. */
export interface EnvLine {
  /** What stands before the "=": a name, or with `export ` before it. */
  readonly key: string
  /** Without quotes; `$` is left alone, as nothing is expanded or run. */
  readonly value: string
  /** Where it begins, counted from 1. */
  readonly line: number
}

/**
 * Reads a file of shell-like assignments as systemd's EnvironmentFile= does (systemd.exec(5)): comments, quotes of both
 * kinds, which may hold line ends, and a backslash before a line end. Lines that are no assignment are left out.
 */
export function parseEnvFile(text: string): readonly EnvLine[] {
  const found: EnvLine[] = []
  let at = 0
  let line = 1
  while (at < text.length) {
    const end = endOfLine(text, at)
    const first = text.slice(at, end)
    const start = first.trimStart()
    const equals = first.indexOf('=')
    if (start === '' || start.startsWith('#') || start.startsWith(';') || equals < 0) {
      at = end + 1
      line += 1
      continue
    }
    const { value, next } = readValue(text, at + equals + 1)
    found.push({ key: first.slice(0, equals).trim(), value, line })
    line += newlines(text.slice(at, next))
    at = next
  }
  return found
}

/** Reads a value from behind its "=" to the line end that is neither quoted nor escaped. */
function readValue(text: string, from: number): { value: string; next: number } {
  let value = ''
  /** As far as the value is certain: blanks outside of quotes at its end do not count. */
  let kept = 0
  let quote: string | null = null
  let at = from
  for (; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (quote === null && character === '\n') break
    if (character === '\\' && quote !== "'") {
      const next = text[at + 1] ?? ''
      if (quote === '"' && next !== '\n' && !'"\\`$'.includes(next)) value += '\\'
      if (next !== '\n') value += next
      kept = value.length
      at += 1
    } else if (character === quote) quote = null
    else if (quote === null && (character === '"' || character === "'")) quote = character
    else if (quote !== null || value !== '' || !isBlank(character)) value += character
    if (quote !== null || !isBlank(character)) kept = value.length
  }
  return { value: value.slice(0, kept), next: at + 1 }
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r'
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf('\n', from)
  return found < 0 ? text.length : found
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}
