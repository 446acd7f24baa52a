import { Command } from 'commander'
import { formatProblem } from '../config/errors.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { RunningGate } from '../gate/start.ts'
import { say } from './failure.ts'

export function serveCommand(): Command {
  return new Command('serve')
    .description('serve a configuration file until SIGTERM or SIGINT')
    .requiredOption('-c, --config <file>', 'the configuration (YAML)')
    .addHelpText('after', '\nExample:\n  $ dockgate serve --config /etc/dockgate/dockgate.yaml')
    .action(async ({ config }: { config: string }) => {
      // What serves takes half a second to load: only a command that serves waits for it.
      const { loadConfig } = await import('../config/load.ts')
      const loaded = loadConfig(config)
      sayWarnings(loaded)
      const gate = await serveUntilSignal(loaded)
      for (const { name, url } of gate.listeners) {
        say(`listening on ${url}${url.endsWith(name) ? '' : ` (${name})`}`)
      }
    })
}

/** Prints what is legal in a configuration and probably not meant. */
export function sayWarnings({ warnings }: LoadedConfig): void {
  for (const warning of warnings) say(`warning: ${formatProblem(warning)}`)
}

/** Starts the gate and ends the process with it: the first signal closes it in order, a second one at once. */
export async function serveUntilSignal(loaded: LoadedConfig, closeToo: () => void = () => {}): Promise<RunningGate> {
  const { startGate } = await import('../gate/start.ts')
  const gate = await startGate(loaded)
  const stop = () => {
    process.once('SIGTERM', () => process.exit(1))
    process.once('SIGINT', () => process.exit(1))
    gate.close().then(
      () => {
        closeToo()
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
