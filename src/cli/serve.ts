import { Command } from 'commander'
import { formatProblem } from '../config/errors.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { type RunningGate, startGate } from '../gate/start.ts'

export function serveCommand(): Command {
  return new Command('serve')
    .description('serve a configuration file until SIGTERM or SIGINT')
    .requiredOption('-c, --config <file>', 'the configuration (YAML)')
    .addHelpText('after', '\nExample:\n  $ dockgate serve --config /etc/dockgate/dockgate.yaml')
    .action(async ({ config }: { config: string }) => {
      const loaded = loadConfig(config)
      for (const warning of loaded.warnings) process.stderr.write(`dockgate: warning: ${formatProblem(warning)}\n`)
      const gate = await serveUntilSignal(loaded)
      for (const { name, url } of gate.listeners) {
        process.stderr.write(`dockgate: listening on ${url}${url.endsWith(name) ? '' : ` (${name})`}\n`)
      }
    })
}

/** Starts the gate and ends the process with it: the first signal closes it in order, a second one at once. */
export async function serveUntilSignal(loaded: LoadedConfig, closeToo: () => void = () => {}): Promise<RunningGate> {
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
        process.stderr.write(`dockgate: ${String(error)}\n`)
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  return gate
}
