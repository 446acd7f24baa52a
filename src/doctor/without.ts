import type { Command } from './command.ts'
import { keyLine } from './daemon-json.ts'
import { type Setting, type SetUp, settingsFor } from './set-up.ts'
import { type Change, change } from './types.ts'
import { listSetting } from './unit-file.ts'
import { joinWords, splitWords } from './words.ts'

/** Sorts behind what people call theirs (`override.conf`, `10-tcp.conf`). */
const DROP_IN = '/etc/systemd/system/docker.service.d/zz-dockgate.conf'

/** What makes dockerd read the changed files. */
export function restart({ service }: SetUp): readonly string[] {
  return service === null ? ['service docker restart'] : ['systemctl daemon-reload', 'systemctl restart docker.service']
}

/** What makes systemd open the engine's socket anew: it refuses to as long as the service runs. */
export const RESTART_SOCKET = [
  'systemctl daemon-reload',
  'systemctl stop docker.service docker.socket',
  'systemctl start docker.socket docker.service',
]

/**
 * The change that takes settings (of one place, with one way of being written) out of the set-up, and puts words into the
 * command line instead where they stood in one.
 */
export function without(setUp: SetUp, gone: readonly Setting[], instead: readonly string[] = []): Change {
  const [first] = gone
  if (first === undefined) return change({})
  if (first.words.length === 0) return withoutKey(setUp, gone)
  const variable = first.words.find((word) => word.variable !== null)?.variable ?? null
  return variable === null ? withoutWords(setUp, gone, instead) : withoutValue(setUp, gone, variable)
}

function withoutKey(setUp: SetUp, gone: readonly Setting[]): Change {
  const { daemonJson } = setUp
  const option = gone[0]?.option ?? 'hosts'
  const values = new Set(gone.map(({ value }) => value))
  const all = settingsFor(setUp, option)
  // Beside a flag that names the same option, dockerd does not start with the key at all.
  const isClash = all.some(({ words }) => words.length > 0)
  const left = isClash ? [] : all.filter((one) => !values.has(one.value)).map(({ value }) => value)
  return change({
    file: daemonJson.file,
    write: left.length === 0 ? [] : [keyLine(option, left)],
    run: restart(setUp),
    text: left.length === 0 ? `take "${option}" out of ${daemonJson.file}` : `in place of "${option}" there`,
  })
}

function withoutWords(setUp: SetUp, gone: readonly Setting[], instead: readonly string[]): Change {
  const { place } = gone[0] as Setting
  const command = setUp.commands.find((one) => one.place.file === place.file && one.place.line === place.line)
  if (command === undefined) return change({ file: place.file, run: restart(setUp) })
  return execStart(setUp, command, remaining(command, gone, instead))
}

function remaining(command: Command, gone: readonly Setting[], instead: readonly string[]): readonly string[] {
  const origins = new Set(gone.flatMap(({ words }) => words.map(({ origin }) => origin)))
  const left = command.written.filter((_, index) => !origins.has(index))
  return [...left, ...instead]
}

/** A drop-in of one's own, so that a package's file stays as it came and upgrades do not undo it. */
function execStart(setUp: SetUp, command: Command, words: readonly string[]): Change {
  const file = dropInFor(command)
  return change({
    file,
    write: ['[Service]', 'ExecStart=', `ExecStart=${joinWords(words)}`],
    run: restart(setUp),
    text: file === DROP_IN ? null : 'in place of the ExecStart= lines there',
  })
}

/** A drop-in of the operator that sets the command already is the place to change it. */
function dropInFor({ place: { file } }: Command): string {
  return file.startsWith('/etc/systemd/system/docker.service.d/') ? file : DROP_IN
}

function withoutValue(setUp: SetUp, gone: readonly Setting[], name: string): Change {
  const variable = setUp.variables.get(name)
  const { file } = (gone[0] as Setting).place
  const left = joinWords(wordsLeft(setUp, gone, name, splitWords(variable?.value ?? '')))
  const value = left.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  const inUnit = setUp.service !== null && isEnvironment(setUp, file)
  return change({
    file,
    write: [inUnit ? `Environment="${name}=${value}"` : `${name}="${value}"`],
    run: restart(setUp),
    text: `in place of the line that sets ${name}`,
  })
}

/** Of several `-H`, only the one that goes; by their texts where the variable is no more than a part of a word. */
function wordsLeft(
  { commands }: SetUp,
  gone: readonly Setting[],
  name: string,
  words: readonly string[],
): readonly string[] {
  const unwanted = new Set(gone.flatMap((one) => one.words))
  const expanded = commands.flatMap((command) => command.words.filter(({ variable }) => variable === name))
  const isWhole = expanded.length === words.length && expanded.every(({ text }, index) => text === words[index])
  if (isWhole) return expanded.filter((word) => !unwanted.has(word)).map(({ text }) => text)
  const texts = new Set([...unwanted].map(({ text }) => text))
  return words.filter((word) => !texts.has(word))
}

function isEnvironment({ service }: SetUp, file: string): boolean {
  return listSetting(service?.lines ?? [], 'Service', 'Environment').some((line) => line.file === file)
}
