/** One instruction of a Dockerfile with its continuation lines joined. */
export interface Line {
  /** Where it begins, from 1. */
  readonly number: number
  readonly text: string
}

/** How a parser reads what the parsers of different versions, moby's and BuildKit's, read differently. */
interface Reading {
  /** A comment inside an instruction may have space before it. */
  readonly indentedComments: boolean
  /** Two backslashes at the end are one, which continues nothing. */
  readonly escapedBackslash: boolean
}

const READINGS: readonly Reading[] = [false, true].flatMap((indentedComments) =>
  [false, true].map((escapedBackslash) => ({ indentedComments, escapedBackslash })),
)

/**
 * Carriage returns inside of lines, which some parsers drop, and the two characters that are space to Go's
 * `unicode.IsSpace` or to JavaScript's `\s`, and not to the other.
 */
const UNCLEAR = /[\0\x85\ufeff]|\r(?!\n)/

/** Whether a Dockerfile has characters that parsers may take in different ways. */
export function isUnclear(text: string): boolean {
  return UNCLEAR.test(withoutMark(text))
}

/**
 * The instructions of a Dockerfile that is not unclear, once for each way in which parsers may read them. Here-documents,
 * which BuildKit alone has, are not known here: their text is instructions.
 */
export function instructionLines(text: string): readonly (readonly Line[])[] {
  return READINGS.map((reading) => linesOf(text, reading))
}

function linesOf(text: string, reading: Reading): readonly Line[] {
  const physical = withoutMark(text).split(/\r?\n/)
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

function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, '')
}

function isComment(line: string, { indentedComments }: Reading): boolean {
  return (indentedComments ? line.trimStart() : line).startsWith('#')
}

/** A backslash at the end goes on in the next line. */
function continuation(line: string, { escapedBackslash }: Reading): { joined: string; goesOn: boolean } {
  const bare = line.replace(/[ \t]+$/, '')
  const goesOn = bare.endsWith('\\') && !(escapedBackslash && bare.endsWith('\\\\'))
  return goesOn ? { joined: bare.slice(0, -1), goesOn } : { joined: line, goesOn }
}

/** Whether a Dockerfile says that another character than the backslash continues lines. */
export function hasOtherEscape(text: string): boolean {
  for (const line of withoutMark(text).split(/\r?\n/)) {
    const trimmed = line.trim()
    if (trimmed !== '' && !trimmed.startsWith('#')) return false
    const character = /^#\s*escape\s*=\s*(\S?)/i.exec(trimmed)?.[1]
    if (character !== undefined && character !== '\\') return true
  }
  return false
}
