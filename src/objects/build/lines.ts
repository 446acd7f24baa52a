import { isSpace } from '../../engine/query.ts'

/** One instruction of a Dockerfile with its continuation lines joined. */
export interface Line {
  /** Where it begins, from 1. */
  readonly number: number
  readonly text: string
}

/** What is wrong, where a Dockerfile cannot be read without doubt. */
export class UnreadableDockerfile extends Error {}

/** In what the parsers of engines differ: moby's of Docker 20.10, and those of BuildKit that classic builders share since. */
interface Reading {
  /** A comment inside an instruction may be indented. */
  readonly indentedComments: boolean
  /** Of two backslashes at the end of a line, the second goes on in the next line. */
  readonly twoGoOn: boolean
}

const READINGS: readonly Reading[] = [
  { indentedComments: false, twoGoOn: true },
  { indentedComments: false, twoGoOn: false },
  { indentedComments: true, twoGoOn: true },
  { indentedComments: true, twoGoOn: false },
]

/** Go's `bufio.MaxScanTokenSize`: no engine reads a longer line. */
const LINE_BYTES = 64 * 1024

/**
 * The instructions of a Dockerfile, once as each parser would read them. Here-documents, which BuildKit alone has, are
 * not known here: their text is instructions.
 *
 * @throws UnreadableDockerfile where no reading holds
 */
export function instructionLines(text: string): readonly (readonly Line[])[] {
  const physical = physicalLines(text)
  refuseOtherEscape(physical)
  return READINGS.map((reading) => linesOf(physical, reading))
}

/** Without a byte order mark, and without line ends, of which a carriage return is one only before a line feed. */
function physicalLines(text: string): readonly string[] {
  const lines = text.replace(/^\ufeff/, '').split('\n')
  return lines.map((line, index) => {
    const bare = line.endsWith('\r') ? line.slice(0, -1) : line
    if (Buffer.byteLength(bare) >= LINE_BYTES) throw unreadable(index, `it has ${LINE_BYTES} bytes or more`)
    if (bare.endsWith('\r')) throw unreadable(index, 'it ends in several carriage returns')
    return bare
  })
}

/** A directive may say that another character than the backslash continues lines. */
function refuseOtherEscape(physical: readonly string[]): void {
  for (const [index, line] of physical.entries()) {
    const trimmed = trimStart(line)
    if (trimmed !== '' && !trimmed.startsWith('#')) return
    const said = [...trimmed].filter((character) => !isSpace(character.codePointAt(0) ?? 0)).join('')
    if (/^#escape=/i.test(said) && said.slice('#escape='.length) !== '\\') {
      throw unreadable(index, 'an "escape" directive other than the backslash is not taken')
    }
  }
}

function linesOf(physical: readonly string[], reading: Reading): readonly Line[] {
  const found: Line[] = []
  for (let at = 0; at < physical.length; at++) {
    const number = at + 1
    const first = trimStart(physical[at] as string)
    if (first === '' || first.startsWith('#')) continue
    let { joined, goesOn } = continuation(first, reading)
    while (goesOn && at + 1 < physical.length) {
      const next = physical[++at] as string
      if (isComment(next, reading) || trimStart(next) === '') continue
      const more = continuation(next, reading)
      joined += more.joined
      goesOn = more.goesOn
    }
    found.push({ number, text: trim(joined) })
  }
  return found
}

function isComment(line: string, { indentedComments }: Reading): boolean {
  return (indentedComments ? trimStart(line) : line).startsWith('#')
}

function continuation(line: string, { twoGoOn }: Reading): { joined: string; goesOn: boolean } {
  let end = line.length
  while (end > 0 && /[ \t]/.test(line[end - 1] as string)) end--
  const goesOn = line[end - 1] === '\\' && (twoGoOn || line[end - 2] !== '\\')
  return goesOn ? { joined: line.slice(0, end - 1), goesOn } : { joined: line, goesOn }
}

/** Go's `strings.TrimSpace`; JavaScript's own takes off U+FEFF and leaves U+0085. */
function trim(text: string): string {
  let end = text.length
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--
  return trimStart(text.slice(0, end))
}

function trimStart(text: string): string {
  let start = 0
  while (start < text.length && isSpace(text.charCodeAt(start))) start++
  return text.slice(start)
}

function unreadable(index: number, problem: string): UnreadableDockerfile {
  return new UnreadableDockerfile(`line ${index + 1}: ${problem}`)
}
