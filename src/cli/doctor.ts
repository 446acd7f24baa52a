import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import type { Diagnosis } from '../doctor/diagnose.ts'
import type { Finding } from '../doctor/types.ts'
import { printable } from '../text.ts'
import { printJson, UsageError } from './failure.ts'

interface Options {
  readonly root: string
  readonly engine?: string
  readonly config?: string
  readonly json?: true
}

const LINE_LENGTH = 2000

const HELP = `
Examples:
  $ sudo dockgate doctor
  $ sudo dockgate doctor --config /etc/dockgate/dockgate.yaml
  $ dockgate doctor --root /mnt/image --json

It reads docker.service and docker.socket with their drop-ins, daemon.json, /etc/default/docker, what listens, the
engine's socket, group docker, keys and certificates, and asks the engine for its version. It changes nothing.

Exit codes: 0 nothing of severity "danger" was found, 1 something was, 2 the command line is wrong.`

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('look for ways past a gate on this host, and say what to change; changes nothing')
    .option('--root <folder>', 'look at the files below this folder, and ask no engine', '/')
    .option('--engine <socket>', "the engine's unix socket, instead of the one that the files name")
    .option('-c, --config <file>', 'a configuration of a gate: does it load, does it fit the engine')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action(async ({ root, engine, config, json }: Options) => {
      const folder = resolve(root)
      if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
        throw new UsageError(`--root: ${root} is no folder`)
      }
      const { diagnose } = await import('../doctor/diagnose.ts')
      const socket = engine === undefined ? null : socketPath(engine)
      const diagnosis = await diagnose({ root: folder, engine: socket, config: config ?? null, now: Date.now() })
      if (json) printJson(diagnosis)
      else process.stdout.write(textOf(diagnosis))
      if (diagnosis.counts.danger > 0) process.exitCode = 1
    })
}

function socketPath(text: string): string {
  const path = text.startsWith('unix://') ? text.slice('unix://'.length) : text
  if (path.startsWith('/')) return path
  throw new UsageError(`--engine: write an absolute path, or unix:///…, not ${JSON.stringify(text)}`)
}

function textOf({ engine, counts, findings }: Diagnosis): string {
  const { socket, facts } = engine
  const about =
    facts === null
      ? `engine: ${socket}, not asked or silent`
      : `engine: ${socket}, ${facts.version} (API ${facts.minApiVersion || '?'} to ${facts.apiVersion})${facts.rootless ? ', rootless' : ''}`
  const { danger, warning, note } = counts
  const sum = `${danger} of danger, ${warning} ${warning === 1 ? 'warning' : 'warnings'}, ${note} ${note === 1 ? 'note' : 'notes'}`
  const lines = [about, '', ...findings.flatMap((finding) => [...findingLines(finding), '']), sum]
  // What files of the host say is text from outside.
  return `${lines.map((line) => printable(line, LINE_LENGTH)).join('\n')}\n`
}

function findingLines({ severity, where, what, why, change, id }: Finding): string[] {
  const { file, write, run, text } = change
  return [
    `${severity}: ${what} [${id}]`,
    `  where:  ${where}`,
    `  why:    ${why}`,
    ...(text === null ? [] : [`  change: ${text}`]),
    ...(write.length === 0 ? [] : [`  write to ${file ?? where}:`, ...indented(write)]),
    ...(run.length === 0 ? [] : ['  run:', ...indented(run)]),
  ]
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `      ${line}`)
}
