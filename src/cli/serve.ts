import { Command } from 'commander'
import type { Admin } from '../admin/start.ts'
import { formatProblem } from '../config/errors.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { RunningGate } from '../gate/start.ts'
import { createServiceManager, type ServiceManager, SILENT } from '../systemd/service-manager.ts'
import { quoted } from '../text.ts'
import { say } from './failure.ts'
import type { FollowedConfig } from './follow-config.ts'

export function serveCommand(): Command {
  return new Command('serve')
    .description('serve a configuration file until SIGTERM or SIGINT, and follow its changes')
    .requiredOption('-c, --config <file>', 'the configuration (YAML)')
    .addHelpText(
      'after',
      `
A changed file is put to use at once, as is one that SIGHUP asks to read again; one with a problem changes nothing.
SIGTERM and SIGINT let what is under way come to its end first; a second one does not wait.
Started by systemd, it says when it is ready, reloads and stops, answers the watchdog, and takes the sockets it is passed.

Example:
  $ dockgate serve --config /etc/dockgate/dockgate.yaml`,
    )
    .action(async ({ config }: { config: string }) => {
      // What serves takes long to load: only a command that serves waits for it.
      const { loadConfig } = await import('../config/load.ts')
      const { followConfig } = await import('./follow-config.ts')
      const { inherited } = await import('../listen/inherited.ts')
      const manager = createServiceManager(process.env, say)
      const sockets = inherited()
      const followed = followConfig(config, (reads) => loadConfig(config, { reads }))
      sayWarnings(followed.first)
      // A signal that came before this would end the program; one that comes now waits for the gate.
      process.on('SIGHUP', followed.again)
      const gate = await serveUntilSignal(followed, { manager })
      for (const { name, url } of gate.listeners) {
        say(`listening on ${url}${url.endsWith(name) ? '' : ` (${name})`}`)
      }
      for (const name of sockets.unused()) {
        say(`warning: systemd passed the socket ${quoted(name)}, and no listener has the address fd://${name}`)
      }
      await manager.ready(`serving generation 1 of ${config}`)
    })
}

/** Prints what is legal in a configuration and probably not meant. */
export function sayWarnings({ warnings }: LoadedConfig): void {
  for (const warning of warnings) say(`warning: ${formatProblem(warning)}`)
}

/** What goes with a gate that serves until a signal. */
interface Beside {
  readonly manager?: ServiceManager
  /** Closes what the gate was started with. */
  readonly close?: () => void
}

/**
 * Starts the gate, which follows its configuration, and ends the process with it: the first signal closes it in order, a
 * second one at once.
 */
export async function serveUntilSignal(
  followed: FollowedConfig,
  { manager = SILENT, close = () => {} }: Beside,
): Promise<RunningGate> {
  const { startGate } = await import('../gate/start.ts')
  const gate = await startGate(followed.first)
  const admin = await startAdminOf(followed.first, gate)
  if (admin?.listenerUrl) say(`admin listener on ${admin.listenerUrl}`)
  followed.feed(gate, manager.reloads)
  let isStopping = false
  // An event loop that hangs does not come here, and a gate without its listeners is not worth keeping.
  manager.watch(() => isStopping || gate.isListening)
  const stop = () => {
    isStopping = true
    manager.stopping()
    process.once('SIGTERM', () => process.exit(1))
    process.once('SIGINT', () => process.exit(1))
    followed.close()
    gate.shutDown().then(
      async () => {
        await admin?.close()
        close()
        await manager.close()
        process.exit(0)
      },
      (error: unknown) => {
        say(String(error))
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  return gate
}

/** The admin socket goes on answering while the gate closes. Null where the configuration has none. */
async function startAdminOf({ config }: LoadedConfig, gate: RunningGate): Promise<Admin | null> {
  if (config.admin === undefined) return null
  const { startAdmin } = await import('../admin/start.ts')
  try {
    return await startAdmin(config.admin, gate.inside)
  } catch (error) {
    await gate.close()
    throw error
  }
}
