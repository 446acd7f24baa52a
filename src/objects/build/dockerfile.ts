import { quoted } from '../../text.ts'
import { hasOtherEscape, instructionLines, type Line } from './lines.ts'

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
  /** Names of stages so far, in lower case. */
  readonly stages: Set<string>
  count: number
}

const SHOWN = 80
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
  if (hasOtherEscape(text))
    throw new UnreadableDockerfile('an "escape" directive other than the backslash is not taken')
  const images = new Map<string, NamedImage>()
  // Stages of one reading may be images in the other.
  for (const lines of instructionLines(text)) {
    const reading: Reading = { given, declared: new Map(), stages: new Set(), count: 0 }
    for (const image of lines.flatMap((line) => imagesOf(line, reading)))
      images.set(`${image.line} ${image.image}`, image)
  }
  return [...images.values()]
}

/** The images that an image's ONBUILD triggers name (`Config.OnBuild`). */
export function imagesTriggered(triggers: readonly string[]): readonly NamedImage[] {
  const reading: Reading = { given: new Map(), declared: new Map(), stages: new Set(), count: 0 }
  return triggers.flatMap((text) => imagesOf({ number: 0, text }, reading))
}

function imagesOf(line: Line, reading: Reading): readonly NamedImage[] {
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line.text) ?? []
  const document = rest.split(/\s+/).find((each) => HERE_DOCUMENT.test(each))
  if (document !== undefined) {
    throw new UnreadableDockerfile(
      `line ${line.number}: ${quoted(document, SHOWN)} begins a here-document, which is BuildKit's`,
    )
  }
  switch (word.toUpperCase()) {
    case 'FROM':
      return from(line, rest, reading)
    case 'ARG':
      if (reading.count === 0) declare(rest, reading)
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
  const all = rest.split(/\s+/).filter((word) => word !== '')
  const words = all.slice(all.findIndex((word) => !isFlag(word, line)))
  const [written = '', as = '', name = ''] = words
  const image = expanded(written, line, reading)
  reading.count++
  const isStage = reading.stages.has(image.toLowerCase())
  if (as.toUpperCase() === 'AS') reading.stages.add(name.toLowerCase())
  return isStage || image === 'scratch' || image === '' ? [] : [{ line: line.number, instruction: 'FROM', image }]
}

/** Flags come first, and each is one word. */
function copied(line: Line, instruction: string, rest: string, { stages, count }: Reading): readonly NamedImage[] {
  const images: NamedImage[] = []
  for (const word of rest.split(/\s+/)) {
    if (!isFlag(word, line)) break
    const value = /^--from=(.*)$/i.exec(word)?.[1]
    if (value === undefined || stages.has(value.toLowerCase())) continue
    if (/^[0-9]+$/.test(value) && Number(value) < count) continue
    if (value.includes('$')) throw doubtful(line, word)
    images.push({ line: line.number, instruction: `${instruction} --from`, image: value })
  }
  return images
}

/** Flags come first; moby's parser takes quotes and backslashes out of them. */
function isFlag(word: string, line: Line): boolean {
  if (!word.startsWith('--')) return false
  if (/["'\\]/.test(word)) throw doubtful(line, word)
  return true
}

/** `ARG name`, `ARG name=default`, several of them. */
function declare(rest: string, { given, declared }: Reading): void {
  const doubt = /["'\\$]/.test(rest)
  for (const word of rest.split(/\s+/)) {
    const [name = '', ...value] = word.split('=')
    if (name === '') continue
    declared.set(name, given.get(name) ?? (doubt ? null : value.join('=')))
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
