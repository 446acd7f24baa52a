import { isSpace } from '../../engine/query.ts'
import { quoted } from '../../text.ts'
import { instructionLines, type Line, UnreadableDockerfile } from './lines.ts'

/** An image that a Dockerfile names, and where. */
export interface NamedImage {
  readonly line: number
  /** `FROM`, or `COPY --from`. */
  readonly instruction: string
  readonly image: string
  /** `linux/amd64`; null: none is said here. */
  readonly platform: string | null
}

/** Arguments that are declared before the first FROM; null: with a value that cannot be read without doubt. */
type Arguments = Map<string, string | null>

interface Reading {
  readonly given: ReadonlyMap<string, string>
  readonly declared: Arguments
  /** Something was declared of which not even the name is plain: then no argument is known. */
  unclear: boolean
  /** Names of the stages that are over, in lower case: the name of the one that is being built means an image yet. */
  readonly stages: Set<string>
  /** The name of the stage that is being built; empty: none. */
  stage: string
  /** How many stages have begun. */
  count: number
}

const SHOWN = 80
const STAGE = /^[A-Za-z][A-Za-z0-9._-]*$/
/** The engine knows no longer reference, and values of arguments may stand any number of times in one. */
const IMAGE_LENGTH = 1024
/** BuildKit reads here-documents in these, wherever it finds two of the character in a word of theirs. */
const HERE_DOCUMENT = '<<'

/**
 * The images that a Dockerfile names, stages of its own left out: of `FROM`, of `--from` in COPY and ADD, and of the same
 * in ONBUILD. What engines of different versions read differently is read in every way.
 *
 * @param given build arguments by name (`--build-arg`), which count instead of the defaults
 * @throws UnreadableDockerfile where a name cannot be told without doubt
 */
export function imagesNamed(text: string, given: ReadonlyMap<string, string>): readonly NamedImage[] {
  const images = new Map<string, NamedImage>()
  for (const lines of instructionLines(text)) {
    // Stages of one reading may be images in the other.
    const reading: Reading = { given, declared: new Map(), unclear: false, stages: new Set(), stage: '', count: 0 }
    for (const line of lines) {
      for (const image of imagesOf(line, reading)) {
        images.set(`${image.line} ${image.platform ?? ''} ${image.image}`, image)
      }
    }
  }
  return [...images.values()]
}

/** The images that an image's ONBUILD triggers name (`Config.OnBuild`), each of which is read as a Dockerfile. */
export function imagesTriggered(triggers: readonly string[]): readonly NamedImage[] {
  return triggers.flatMap((text) => imagesNamed(text, new Map()))
}

/** White space as it stands behind an instruction's word, for every parser there is. */
const SPACES = /[\t\v\f\r ]+/

function imagesOf(line: Line, reading: Reading): readonly NamedImage[] {
  const end = line.text.search(SPACES)
  const word = end < 0 ? line.text : line.text.slice(0, end)
  const rest = end < 0 ? '' : line.text.slice(end)
  // Go lowers letters that are none of ASCII to such that are.
  if (!/^[!-~]*$/.test(word)) throw doubtful(line, word)
  switch (word.toUpperCase()) {
    case 'FROM':
      return from(line, rest, reading)
    case 'ARG':
      if (reading.count === 0) declare(line, rest, reading)
      return []
    case 'COPY':
    case 'ADD':
      refuseHereDocument(line)
      return copied(line, word.toUpperCase(), rest, reading)
    case 'RUN':
      refuseHereDocument(line)
      return []
    case 'ONBUILD':
      return imagesOf({ ...line, text: withoutFlags(line, rest).rest }, reading)
    default:
      return []
  }
}

function refuseHereDocument({ number, text }: Line): void {
  if (!text.includes(HERE_DOCUMENT)) return
  throw new UnreadableDockerfile(
    `line ${number}: "${HERE_DOCUMENT}" may begin a here-document, which is BuildKit's: put the script into a file`,
  )
}

/** `FROM [--platform=…] image [AS name]`. */
function from(line: Line, text: string, reading: Reading): readonly NamedImage[] {
  const { flags, rest } = withoutFlags(line, text)
  const words = rest.split(/[ \t]+/).filter((word) => word !== '')
  const [written = '', as = '', name = ''] = words
  const wrong = words.find((word) => !/^[!-~]+$/.test(word))
  if (wrong !== undefined) throw doubtful(line, wrong)
  const isStaged = words.length === 3 && as.toUpperCase() === 'AS' && STAGE.test(name)
  if (words.length !== 1 && !isStaged) throw doubtful(line, rest)
  const image = expanded(written, line, reading)
  const platform = flags.get('platform')
  if (reading.stage !== '') reading.stages.add(reading.stage)
  reading.stage = name.toLowerCase()
  reading.count++
  if (reading.stages.has(image.toLowerCase()) || image === 'scratch') return []
  const asked = platform === undefined ? null : expanded(platform, line, reading)
  return [{ line: line.number, instruction: 'FROM', image, platform: asked }]
}

function copied(line: Line, instruction: string, rest: string, { stages, count }: Reading): readonly NamedImage[] {
  const image = withoutFlags(line, rest).flags.get('from')
  if (image === undefined || stages.has(image.toLowerCase())) return []
  if (/^[0-9]{1,9}$/.test(image) && Number(image) < count - 1) return []
  if (image.includes('$')) throw doubtful(line, image)
  return [{ line: line.number, instruction: `${instruction} --from`, image, platform: null }]
}

/**
 * What stands in front as `--name=value`, and what is behind. Parsers take quotes and backslashes out of flags, end them
 * at different characters, and some take the next word for the value: so a flag is to be one plain word.
 */
function withoutFlags(line: Line, text: string): { flags: ReadonlyMap<string, string>; rest: string } {
  const flags = new Map<string, string>()
  for (let left = text; ; ) {
    left = left.replace(/^[\t\v\f\r ]+/, '')
    // What is no space here is one to some parsers.
    if (isSpace(left.charCodeAt(0)) || left.startsWith('\ufffd')) throw doubtful(line, left)
    if (!left.startsWith('--')) return { flags, rest: left }
    const end = left.search(SPACES)
    const word = end < 0 ? left : left.slice(0, end)
    const [, name = '', value = ''] = /^--([a-z][a-z-]*)=([!-~]+)$/.exec(word) ?? []
    if (name === '' || /["'\\]/.test(value) || flags.has(name)) throw doubtful(line, word)
    flags.set(name, value)
    left = left.slice(word.length)
  }
}

/** `ARG name`, `ARG name=default`, several of them. */
function declare(line: Line, text: string, reading: Reading): void {
  const { given, declared } = reading
  for (const word of withoutFlags(line, text).rest.split(/[ \t]+/)) {
    const equals = word.indexOf('=')
    const name = equals < 0 ? word : word.slice(0, equals)
    const value = unquoted(equals < 0 ? '' : word.slice(equals + 1))
    if (value === null || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      reading.unclear = true
      return
    }
    const isAgain = declared.has(name)
    declared.set(name, given.get(name) ?? (isAgain ? null : defaultOf(value, line, reading)))
  }
}

interface Value {
  readonly text: string
  /** In single quotes nothing is expanded. */
  readonly literal: boolean
}

/** Null: it is more than one plain word, or a quoted one. */
function unquoted(written: string): Value | null {
  const quote = /^["']/.exec(written)?.[0] ?? ''
  const text = quote === '' ? written : written.slice(1, -1)
  const isPlain = /^[!-~]*$/.test(text) && !/["'\\]/.test(text) && `${quote}${text}${quote}` === written
  return isPlain ? { text, literal: quote === "'" } : null
}

/** Null: it is not told without doubt, which matters where it is used. */
function defaultOf({ text, literal }: Value, line: Line, reading: Reading): string | null {
  if (literal) return text
  try {
    return expanded(text, line, reading)
  } catch (cause) {
    if (cause instanceof UnreadableDockerfile) return null
    throw cause
  }
}

/** `$name`, `${name}`, `${name:-default}` and `${name:+other}`, of arguments that were declared. */
function expanded(word: string, line: Line, { declared, unclear }: Reading): string {
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
    const name = bare ?? braced ?? ''
    const value = declared.get(name)
    if (unclear) throw doubtful(line, word)
    if (value === undefined) {
      throw new UnreadableDockerfile(`line ${line.number}: ${name} is not declared: write ARG ${name} before FROM`)
    }
    if (value === null) throw doubtful(line, word)
    if (operator === ':-') text += value === '' ? other : value
    else if (operator === ':+') text += value === '' ? '' : other
    else text += value
    if (text.length > IMAGE_LENGTH) throw doubtful(line, word)
    left = left.slice(all.length)
  }
  return text
}

function doubtful({ number }: Line, word: string): UnreadableDockerfile {
  return new UnreadableDockerfile(
    `line ${number}: ${quoted(word, SHOWN)} cannot be read without doubt: write it plainly`,
  )
}
