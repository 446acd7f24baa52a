import { quoted } from '../../text.ts'
import { hasOtherEscape, instructionLines, isUnclear, type Line } from './lines.ts'

/** An image that a Dockerfile names, and where. */
export interface NamedImage {
  readonly line: number
  /** `FROM`, or `COPY --from`. */
  readonly instruction: string
  readonly image: string
}

/** What is wrong, where a Dockerfile cannot be read without doubt. */
export class UnreadableDockerfile extends Error {}

/** Arguments that are declared before the first FROM; null: with a value that cannot be read without doubt. */
type Arguments = Map<string, string | null>

interface Reading {
  readonly given: ReadonlyMap<string, string>
  readonly declared: Arguments
  /** Names of the stages that are complete, in lower case. */
  readonly stages: Set<string>
  /** That of the stage that is being read, which to itself is an image as any other. */
  current: string
  count: number
}

const SHOWN = 80
/** What can be read in one way only: moby's parser looks for space in flags byte by byte. */
const PLAIN = /^[\t\v\f -~]*$/
const STAGE = /^[a-z][a-z0-9._-]*$/
/** As BuildKit's parser tells them. */
const HERE_DOCUMENT = /^[0-9]*<<-?[^<]/

/**
 * The images that a Dockerfile names, stages of its own left out: of `FROM`, of `--from` in COPY and ADD, and of the same
 * in ONBUILD.
 *
 * @param given build arguments by name (`--build-arg`), which count instead of the defaults
 * @throws UnreadableDockerfile where a name cannot be told without doubt
 */
export function imagesNamed(text: string, given: ReadonlyMap<string, string>): readonly NamedImage[] {
  if (isUnclear(text)) {
    throw new UnreadableDockerfile(
      'it has a character (NUL, NEL, CR inside a line, byte order mark) that can be read in several ways',
    )
  }
  if (hasOtherEscape(text))
    throw new UnreadableDockerfile('an "escape" directive other than the backslash is not taken')
  const images = new Map<string, NamedImage>()
  // Stages of one reading may be images in the other.
  for (const lines of instructionLines(text)) {
    const reading = nothingRead(given)
    for (const image of lines.flatMap((line) => imagesOf(line, reading)))
      images.set(`${image.line} ${image.image}`, image)
  }
  return [...images.values()]
}

/** The images that an image's ONBUILD triggers name (`Config.OnBuild`). */
export function imagesTriggered(triggers: readonly string[]): readonly NamedImage[] {
  const unclear = triggers.find((text) => isUnclear(text) || /[\r\n]/.test(text))
  if (unclear !== undefined) throw new UnreadableDockerfile(`the trigger ${quoted(unclear, SHOWN)} cannot be read`)
  const reading = nothingRead(new Map())
  return triggers.flatMap((text) => imagesOf({ number: 0, text }, reading))
}

function nothingRead(given: ReadonlyMap<string, string>): Reading {
  return { given, declared: new Map(), stages: new Set(), current: '', count: 0 }
}

function imagesOf(line: Line, reading: Reading): readonly NamedImage[] {
  // A backslash with nothing after it.
  if (line.text === '') return []
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line.text) ?? []
  const document = rest.split(/\s+/).find((each) => HERE_DOCUMENT.test(each))
  if (document !== undefined) {
    throw new UnreadableDockerfile(
      `line ${line.number}: ${quoted(document, SHOWN)} begins a here-document, which is BuildKit's`,
    )
  }
  // ONBUİLD: İ is an i in Go's lower case.
  if (!PLAIN.test(word)) throw doubtful(line, word)
  switch (word.toUpperCase()) {
    case 'FROM':
      return from(line, rest, reading)
    case 'ARG':
      if (reading.count === 0) declare(line, rest, reading)
      return []
    case 'COPY':
    case 'ADD':
      return copied(line, word.toUpperCase(), rest, reading)
    case 'ONBUILD':
      return imagesOf({ ...line, text: rest.trim() }, reading)
    default:
      return []
  }
}

/** `FROM [--platform=…] image [AS name]`. */
function from(line: Line, rest: string, reading: Reading): readonly NamedImage[] {
  if (!PLAIN.test(rest)) throw doubtful(line, rest)
  const all = rest.split(/\s+/).filter((word) => word !== '')
  const first = all.findIndex((word) => !isFlag(word, line))
  const [written = '', as, name = '', more] = first < 0 ? [] : all.slice(first)
  const stage = name.toLowerCase()
  if (as !== undefined && (as.toUpperCase() !== 'AS' || !STAGE.test(stage) || more !== undefined)) {
    throw doubtful(line, rest)
  }
  const image = expanded(written, line, reading)
  reading.count++
  reading.stages.add(reading.current)
  reading.current = stage
  const isStage = image !== '' && reading.stages.has(image.toLowerCase())
  return isStage || image === 'scratch' || image === '' ? [] : [{ line: line.number, instruction: 'FROM', image }]
}

/** Flags come first, and each is one word. */
function copied(line: Line, instruction: string, rest: string, { stages, count }: Reading): readonly NamedImage[] {
  const images: NamedImage[] = []
  for (const word of rest.split(/\s+/)) {
    if (!isFlag(word, line)) break
    const value = /^--from=(.*)$/i.exec(word)?.[1]
    if (value === undefined || value === '' || stages.has(value.toLowerCase())) continue
    if (/^[0-9]+$/.test(value) && Number(value) < count - 1) continue
    if (value.includes('$')) throw doubtful(line, word)
    images.push({ line: line.number, instruction: `${instruction} --from`, image: value })
  }
  return images
}

/** Flags come first; moby's parser takes quotes and backslashes out of them. */
function isFlag(word: string, line: Line): boolean {
  if (!word.startsWith('--')) return false
  if (/["'\\]/.test(word) || !PLAIN.test(word)) throw doubtful(line, word)
  return true
}

/** `ARG name`, `ARG name=default`, several of them. */
function declare(line: Line, rest: string, { given, declared }: Reading): void {
  if (!PLAIN.test(rest)) throw doubtful(line, rest)
  const doubt = /["'\\$]/.test(rest)
  for (const word of rest.split(/\s+/)) {
    const [name = '', ...value] = word.split('=')
    if (name === '') continue
    const isAgain = declared.has(name)
    declared.set(name, given.get(name) ?? (doubt || isAgain ? null : value.join('=')))
  }
}

/** `$name`, `${name}`, `${name:-default}` and `${name:+other}`, of arguments that were declared. */
function expanded(word: string, line: Line, { declared }: Reading): string {
  let text = ''
  for (let left = word; left !== ''; ) {
    const [all = '', bare, braced, operator, other = ''] =
      /^\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:[-+])([^}$"'\\]*))?\})/.exec(left) ?? []
    if (all === '') {
      const plain = /^[^$"'\\`{}]+/.exec(left)?.[0]
      if (plain === undefined) throw doubtful(line, word)
      text += plain
      left = left.slice(plain.length)
      continue
    }
    const value = declared.get(bare ?? braced ?? '') ?? (declared.has(bare ?? braced ?? '') ? null : '')
    if (value === null) throw doubtful(line, word)
    if (operator === ':-') text += value === '' ? other : value
    else if (operator === ':+') text += value === '' ? '' : other
    else text += value
    left = left.slice(all.length)
  }
  return text
}

function doubtful({ number }: Line, word: string): UnreadableDockerfile {
  return new UnreadableDockerfile(
    `line ${number}: ${quoted(word, SHOWN)} cannot be read without doubt: write it plainly`,
  )
}
