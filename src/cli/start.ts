import { resolve } from 'node:path'
import { Command } from 'commander'
import { STATE_FOLDER } from './paths.ts'

export function startCommand(): Command {
  return new Command('start')
    .description(
      'a gate on this machine: makes certificates, keys and a configuration where they are missing, and serves',
    )
    .option('--state <folder>', 'where everything is made and kept, mode 0700', STATE_FOLDER)
    .addHelpText(
      'after',
      `
The engine is DOCKER_HOST when that is a unix socket, else the one in the folder's dockgate.yaml. When nothing answers
there, an in-memory demo engine takes its place.

Example:
  $ dockgate start --state ~/.dockgate`,
    )
    .action(async ({ state }: { state: string }) => {
      // What serves takes long to load: only a command that serves waits for it.
      const { start } = await import('./start-run.ts')
      await start(resolve(state), process.env.DOCKER_HOST)
    })
}
