/** One assignment of a unit file. */
export interface UnitLine {
  readonly section: string
  readonly key: string
  /** Without the white space around it; quotes, escapes and specifiers are left alone. */
  readonly value: string
  /** Where it begins, counted from 1. */
  readonly line: number
}

/**
 * Reads a unit file (systemd.syntax(7)): comments, continuation lines, sections, assignments. What systemd ignores with
 * a warning (no "=", nothing but a key before the first section) is left out.
 */
export function parseUnitFile(text: string): readonly UnitLine[] {
  const found: UnitLine[] = []
  let section = ''
  for (const { content, line } of logicalLines(text)) {
    const trimmed = content.trim()
    const equals = trimmed.indexOf('=')
    if (trimmed.startsWith('[') && trimmed.endsWith(']')) section = trimmed.slice(1, -1)
    else if (section !== '' && equals > 0) {
      found.push({ section, key: trimmed.slice(0, equals).trim(), value: trimmed.slice(equals + 1).trim(), line })
    }
  }
  return found
}

/** A comment between continuation lines is skipped and does not end them, and the last backslash becomes a space. */
function logicalLines(text: string): { content: string; line: number }[] {
  const whole: { content: string; line: number }[] = []
  let pending: { content: string; line: number } | null = null
  text.split(/\r?\n/).forEach((physical, index) => {
    const start = physical.trimStart()
    if (start.startsWith('#') || start.startsWith(';')) return
    const logical: { content: string; line: number } = {
      content: (pending?.content ?? '') + physical,
      line: pending?.line ?? index + 1,
    }
    if (endsInBackslash(physical)) {
      pending = { ...logical, content: `${logical.content.slice(0, -1)} ` }
      return
    }
    pending = null
    whole.push(logical)
  })
  return pending === null ? whole : [...whole, pending]
}

/** An even number of backslashes is that many escaped ones. */
function endsInBackslash(line: string): boolean {
  let count = 0
  while (line[line.length - 1 - count] === '\\') count += 1
  return count % 2 === 1
}

/**
 * The values of a list setting over several files in their order: an empty assignment forgets all before it
 * (systemd.service(5): ExecStart=, Environment=, EnvironmentFile=; systemd.socket(5): ListenStream=).
 */
export function listSetting<T extends UnitLine>(lines: readonly T[], section: string, key: string): readonly T[] {
  const own = lines.filter((one) => one.section === section && one.key === key)
  const cleared = own.findLastIndex(({ value }) => value === '')
  return own.slice(cleared + 1)
}
