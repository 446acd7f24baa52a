import { Command } from 'commander'
import type { SessionView } from '../admin/sessions.ts'
import type { Refused } from '../gate/counters.ts'
import { type AdminOptions, askGate, withAdminOptions } from './admin-socket.ts'
import { printJson, UsageError } from './failure.ts'
import { runScreen } from './screen.ts'
import { topLines } from './top-lines.ts'

/** How often a running gate is asked. */
const EVERY_MS = 1_000

/** What the gate tells, and when it did. */
export interface Seen {
  readonly at: Date
  readonly sessions: readonly SessionView[]
  /** The newest first. */
  readonly refusals: readonly Refused[]
}

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
      const first = await ask(options)
      await runScreen({
        first: (columns) => topLines(first, columns),
        next: async () => {
          const seen = await ask(options)
          return (columns) => topLines(seen, columns)
        },
        everyMs: EVERY_MS,
      })
    })
}

function printOnce(seen: Seen, json: boolean): void {
  const { sessions, refusals } = seen
  if (json) printJson({ sessions, refusals })
  else process.stdout.write(`${topLines(seen, Number.POSITIVE_INFINITY).join('\n')}\n`)
}

async function ask(options: AdminOptions): Promise<Seen> {
  const { sessions } = (await askGate(options, 'GET', '/sessions', 'sessions')) as Pick<Seen, 'sessions'>
  const { refusals } = (await askGate(options, 'GET', '/refusals', 'refusals')) as Pick<Seen, 'refusals'>
  return { at: new Date(), sessions, refusals }
}
