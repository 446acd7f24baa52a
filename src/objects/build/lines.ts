/** One instruction of a Dockerfile with its continuation lines joined. */
export interface Line {
  /** Where it begins, from 1. */
  readonly number: number
  readonly text: string
}

/**
 * How a parser reads what parsers of different versions read differently. `old`: moby's of Docker 20.10; `new`: the one of
 * BuildKit that later classic builders share.
 */
type Reading = 'old' | 'new'

const READINGS: readonly Reading[] = ['old', 'new']

/**
 * The instructions of a Dockerfile, once as each parser would read them. Here-documents, which BuildKit alone has, are
 * not known here: their text is instructions.
 */
export function instructionLines(text: string): readonly (readonly Line[])[] {
  return READINGS.map((reading) => linesOf(text, reading))
}

function linesOf(text: string, reading: Reading): readonly Line[] {
  const physical = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const found: Line[] = []
  for (let at = 0; at < physical.length; at++) {
    const number = at + 1
    const first = (physical[at] as string).replace(/^\s+/, '')
    if (first === '' || first.startsWith('#')) continue
    let { joined, goesOn } = continuation(first, reading)
    while (goesOn && at + 1 < physical.length) {
      const next = physical[++at] as string
      if (isComment(next, reading) || next.trim() === '') continue
      const more = continuation(next, reading)
      joined += more.joined
      goesOn = more.goesOn
    }
    found.push({ number, text: joined.trim() })
  }
  return found
}

/** The old parser takes a comment inside an instruction for one only where it begins its line. */
function isComment(line: string, reading: Reading): boolean {
  return (reading === 'old' ? line : line.trimStart()).startsWith('#')
}

/** A backslash at the end goes on in the next line; to the new parser two of them are one that does not. */
function continuation(line: string, reading: Reading): { joined: string; goesOn: boolean } {
  const bare = line.replace(/[ \t]+$/, '')
  const goesOn = bare.endsWith('\\') && (reading === 'old' || !bare.endsWith('\\\\'))
  return goesOn ? { joined: bare.slice(0, -1), goesOn } : { joined: line, goesOn }
}

/** Whether a Dockerfile says that another character than the backslash continues lines. */
export function hasOtherEscape(text: string): boolean {
  for (const line of text.replace(/^\ufeff/, '').split(/\r?\n/)) {
    const trimmed = line.trim()
    if (trimmed !== '' && !trimmed.startsWith('#')) return false
    const character = /^#[ \t]*escape[ \t]*=[ \t]*(\S?)/i.exec(trimmed)?.[1]
    if (character !== undefined && character !== '\\') return true
  }
  return false
}
