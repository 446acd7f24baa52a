import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningConnect, startConnect } from '../connect/start.ts'
import type { ConnectSettings } from './connect.ts'
import { MISLEADING, runCommand } from './connect-command.ts'
import { makeContext } from './connect-context.ts'
import { say } from './failure.ts'
import { shellWord } from './paths.ts'

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Opens the socket, then runs the command to its end, or serves until a signal. Resolves to the exit code; the socket is
 * removed when the process exits.
 *
 * @throws Error (as a rejection) with a message for a person when it cannot be opened, or the gate not be used
 */
export async function runConnect(settings: ConnectSettings, command: readonly string[]): Promise<number> {
  const { gate, files, source, tokenHeader, context } = settings
  const place = settings.listen === null ? privatePlace() : { listen: settings.listen, remove: () => {} }
  let running: RunningConnect | null = null
  process.on('exit', () => {
    running?.close()
    place.remove()
  })
  const give = exitOnSignals()
  running = await startConnect({ gate, files, source, tokenHeader, listen: place.listen, warn: say })
  await running.check()
  if (command.length > 0) return runCommand(command, running.url, give)
  if (context !== null) await makeContext(context, running.url, gate.name)
  return serve(running, gate.name, give)
}

/** Until the function that is returned is called, a signal ends the process in order: nothing is left behind. */
function exitOnSignals(): () => void {
  const exit = (signal: NodeJS.Signals) => process.exit(128 + constants.signals[signal])
  for (const signal of ENDING) process.on(signal, exit)
  return () => {
    for (const signal of ENDING) process.off(signal, exit)
  }
}

/** A socket in a folder that only this user may enter. */
function privatePlace(): { readonly listen: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'dockgate-connect-'))
  return {
    listen: `unix://${join(folder, 'docker.sock')}`,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Prints the line to evaluate, once everything is as it must be, and serves until the first signal that ends it. */
function serve(running: RunningConnect, gate: string, takeSignals: () => void): Promise<number> {
  const ended = new Promise<number>((resolve) => {
    for (const signal of ENDING) process.once(signal, () => resolve(0))
  })
  takeSignals()
  const set = MISLEADING.filter((name) => process.env[name] !== undefined)
  const unset = set.length > 0 ? `unset ${set.join(' ')}; ` : ''
  process.stdout.write(`${unset}export DOCKER_HOST=${shellWord(running.url)}\n`)
  say(`every request on ${running.url} goes to ${gate}; SIGINT or SIGTERM ends it`)
  return ended
}
