import { Command } from 'commander'
import type { Check } from '../admin/check.ts'
import type { Readiness } from '../admin/readiness.ts'
import { type AdminOptions, askGate, withAdminOptions } from './admin-socket.ts'
import { printJson } from './failure.ts'
import { table } from './table.ts'

export function readyCommand(): Command {
  return withAdminOptions(new Command('ready'))
    .description('ask a running gate whether it can do its work, and what stands in the way')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Examples:
  $ dockgate ready --config /etc/dockgate/dockgate.yaml
  $ dockgate ready --socket /run/dockgate/admin.sock
      as the health check of a container: HEALTHCHECK CMD ["dockgate", "ready", "--socket", "/run/dockgate/admin.sock"]

Exit codes: 0 ready, 1 not ready, or no gate answers, 2 the command line or the configuration is wrong.`,
    )
    .action(async ({ json, ...options }: AdminOptions & { json?: true }) => {
      const found = (await askGate(options, 'GET', '/readyz', 'checks')) as Readiness
      const { ready, checks } = found
      if (json) printJson(found)
      else process.stdout.write(`${[ready ? 'ready' : 'NOT READY', ...table(checks.map(cells))].join('\n')}\n`)
      if (!ready) process.exitCode = 1
    })
}

function cells({ name, ok, detail, days }: Check): string[] {
  const left = days === undefined || days === null ? '' : ` (${days} days)`
  return [ok ? 'ok' : 'FAILS', name, `${detail}${left}`]
}
