import { Command } from 'commander'
import { type AdminOptions, askGate, withAdminOptions } from './admin-socket.ts'
import { printJson, UsageError } from './failure.ts'
import { runScreen } from './screen.ts'
import { type Seen, topLines } from './top-lines.ts'

/** How often a running gate is asked. */
const EVERY_MS = 1_000

export function topCommand(): Command {
  return withAdminOptions(new Command('top'))
    .description('watch who does what at a running gate, and what was refused lately')
    .option('--once', 'print it once, without a terminal')
    .option('--json', 'with --once: as JSON')
    .addHelpText(
      'after',
      `
It is asked anew each second; q or Ctrl-C ends it.

Examples:
  $ dockgate top --config /etc/dockgate/dockgate.yaml
  $ dockgate top --once --socket /run/dockgate/admin.sock`,
    )
    .action(async ({ once, json, ...options }: AdminOptions & { once?: true; json?: true }) => {
      if (once) return printOnce(await ask(options), json === true)
      if (json) throw new UsageError('--json wants --once')
      if (!process.stdout.isTTY || !process.stdin.isTTY) throw new UsageError('this is no terminal: give --once')
      // A gate that is not there is told as every command does, before the screen is taken.
      let seen = await ask(options)
      let trouble: string | null = null
      const next = async () => {
        try {
          seen = await ask(options)
          trouble = null
        } catch (error) {
          // It may be on its way back from a restart.
          trouble = `NO ANSWER: ${(error as Error).message}`
        }
      }
      await runScreen({ lines: (room) => topLines(seen, room, trouble), next, everyMs: EVERY_MS })
    })
}

const EVERYTHING = { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY }

function printOnce(seen: Seen, json: boolean): void {
  const { sessions, refusals } = seen
  if (json) printJson({ sessions, refusals })
  else process.stdout.write(`${topLines(seen, EVERYTHING).join('\n')}\n`)
}

async function ask(options: AdminOptions): Promise<Seen> {
  const { sessions } = (await askGate(options, 'GET', '/sessions', 'sessions')) as Pick<Seen, 'sessions'>
  const { refusals } = (await askGate(options, 'GET', '/refusals', 'refusals')) as Pick<Seen, 'refusals'>
  return { at: new Date(), sessions, refusals }
}
