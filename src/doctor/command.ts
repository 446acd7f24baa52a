import { type EnvLine, parseEnvFile } from './env-file.ts'
import type { Root } from './root.ts'
import { listSetting } from './unit-file.ts'
import type { PlacedLine, Unit } from './units.ts'
import { splitWords } from './words.ts'

/** systemd.service(5), "Special executable prefixes". */
const PREFIXES = '@-:+!'
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const BRACED = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/** Where something is written: a line of a file. */
export interface Place {
  readonly file: string
  readonly line: number
}

/** One argument, and where it is written. */
export interface Word {
  readonly text: string
  readonly place: Place
  /** The variable that it comes from; null: it stands in ExecStart= itself. */
  readonly variable: string | null
  /** The index in `Command.written` of the word that it comes from. */
  readonly origin: number
}

/** A command of a unit. */
export interface Command {
  readonly place: Place
  /** As it is written: prefixes, variables and specifiers left alone; the program first. */
  readonly written: readonly string[]
  /** The arguments with variables replaced, without the program. */
  readonly words: readonly Word[]
}

/** A variable with its value and where it is set. */
export interface Variable {
  readonly value: string
  readonly place: Place
}

/** The commands of ExecStart= that stand, in their order. Only Type=oneshot may have more than one. */
export function readCommands(root: Root, unit: Unit): readonly Command[] {
  const variables = environmentOf(root, unit)
  return listSetting(unit.lines, 'Service', 'ExecStart').flatMap((line) => {
    const written = splitWords(line.value)
    return written.length === 0 ? [] : [{ place: line, written, words: expand(line, written, variables) }]
  })
}

/** Environment= first, then files in their order: later ones win (systemd.exec(5)). */
export function environmentOf(root: Root, unit: Unit): ReadonlyMap<string, Variable> {
  const variables = new Map<string, Variable>()
  for (const line of listSetting(unit.lines, 'Service', 'Environment')) {
    for (const word of splitWords(line.value)) {
      const equals = word.indexOf('=')
      set(variables, word.slice(0, Math.max(equals, 0)), { value: word.slice(equals + 1), place: line })
    }
  }
  for (const { value } of listSetting(unit.lines, 'Service', 'EnvironmentFile')) {
    const file = value.replace(/^-/, '')
    for (const { key, value: text, line } of readEnv(root, file))
      set(variables, key, { value: text, place: { file, line } })
  }
  return variables
}

function set(variables: Map<string, Variable>, name: string, variable: Variable): void {
  if (NAME.test(name)) variables.set(name, variable)
}

function readEnv(root: Root, file: string): readonly EnvLine[] {
  const text = file.startsWith('/') ? root.read(file) : null
  return text === null ? [] : parseEnvFile(text)
}

/** `$NAME` as a word of its own becomes as many words as its value has, `${NAME}` anywhere a part of its word. */
function expand(line: PlacedLine, written: readonly string[], variables: ReadonlyMap<string, Variable>): Word[] {
  const program = written[0] ?? ''
  const prefixes = leadingPrefixes(program)
  // With "@" the first word behind the program is the name that the process is to have.
  const first = prefixes.includes('@') ? 2 : 1
  const literal = prefixes.includes(':')
  return written.slice(first).flatMap((text, index) => {
    const origin = first + index
    const name = text.startsWith('$') && NAME.test(text.slice(1)) ? text.slice(1) : null
    if (literal) return [{ text, place: line, variable: null, origin }]
    if (name === null) return [substituted(text, line, origin, variables)]
    const variable = variables.get(name)
    return variable === undefined ? [] : wordsOf(name, variable, origin)
  })
}

/** The words of a variable's value. */
export function wordsOf(name: string, { value, place }: Variable, origin = 0): Word[] {
  return splitWords(value).map((text) => ({ text, place, variable: name, origin }))
}

function substituted(text: string, line: PlacedLine, origin: number, variables: ReadonlyMap<string, Variable>): Word {
  let from: { name: string; variable: Variable } | null = null
  const replaced = text.replace(BRACED, (_, name: string) => {
    const variable = variables.get(name)
    if (variable !== undefined) from ??= { name, variable }
    return variable?.value ?? ''
  })
  const found = from as { name: string; variable: Variable } | null
  const place = found?.variable.place ?? line
  return { text: replaced.replaceAll('$$', '$'), place, variable: found?.name ?? null, origin }
}

function leadingPrefixes(program: string): string {
  let count = 0
  while (PREFIXES.includes(program[count] ?? ' ')) count += 1
  return program.slice(0, count)
}
