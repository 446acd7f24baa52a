import { bootCommands, bootVariables } from './boot-files.ts'
import { type Command, environmentOf, type Place, readCommands, type Variable, type Word } from './command.ts'
import { DAEMON_JSON, type DaemonJson, readDaemonJson } from './daemon-json.ts'
import { type Option, parseFlags } from './flags.ts'
import type { Root } from './root.ts'
import { readUnit, type Unit } from './units.ts'

/** An option that dockerd is given, and who gives it. */
export interface Setting {
  readonly option: Option
  readonly value: string
  readonly place: Place
  /** The words of the command line that say it; none when daemon.json does. */
  readonly words: readonly Word[]
}

/** How dockerd is set up to be started on a host. */
export interface SetUp {
  readonly root: Root
  readonly service: Unit | null
  readonly socket: Unit | null
  readonly commands: readonly Command[]
  /** Those of the service. */
  readonly variables: ReadonlyMap<string, Variable>
  readonly daemonJson: DaemonJson
  /** Of the command line first, then those of daemon.json. */
  readonly settings: readonly Setting[]
}

/** Reads docker.service, docker.socket and daemon.json of a root. */
export function readSetUp(root: Root): SetUp {
  const service = readUnit(root, 'docker.service')
  const commands = service === null ? bootCommands(root) : readCommands(root, service)
  const flags = commands.flatMap(settingsOf)
  const file = flags.findLast(({ option }) => option === 'config-file')?.value ?? DAEMON_JSON
  const daemonJson = readDaemonJson(root, file.startsWith('/') ? file : DAEMON_JSON)
  return {
    root,
    service,
    socket: readUnit(root, 'docker.socket'),
    commands,
    variables: service === null ? bootVariables(root) : environmentOf(root, service),
    daemonJson,
    settings: [...flags, ...daemonJson.options.map((one) => ({ ...one, words: [] }))],
  }
}

function settingsOf({ words, place }: Command): Setting[] {
  return parseFlags(words.map(({ text }) => text)).map(({ option, value, at, words: count }) => {
    const said = words.slice(at, at + count)
    return { option, value, place: said[0]?.place ?? place, words: said }
  })
}

/** The last value of an option that takes one, or null. */
export function settingOf({ settings }: SetUp, option: Option): Setting | null {
  return settings.findLast((one) => one.option === option) ?? null
}

/** Every value of an option that takes several. */
export function settingsFor({ settings }: SetUp, option: Option): readonly Setting[] {
  return settings.filter((one) => one.option === option)
}

/** `file:line`. */
export function where({ file, line }: Place): string {
  return `${file}:${line}`
}
