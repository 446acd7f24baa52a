import { Command } from 'commander'
import type { SessionView } from '../admin/sessions.ts'
import { type AdminOptions, askGate, withAdminOptions } from './admin-socket.ts'
import { printJson } from './failure.ts'
import { table } from './table.ts'

export function sessionsCommand(): Command {
  return new Command('sessions')
    .description('see what is under way at a running gate, and end it')
    .addCommand(listCommand())
    .addCommand(endCommand())
    .addHelpText(
      'after',
      `
Examples:
  $ dockgate sessions list --config /etc/dockgate/dockgate.yaml
  $ dockgate sessions end 93dq08jms2xxj3e7 --socket /run/dockgate/admin.sock`,
    )
}

function listCommand(): Command {
  return withAdminOptions(new Command('list'))
    .description('who does what now, the oldest first; the ids are those of the records')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ dockgate sessions list --config /etc/dockgate/dockgate.yaml')
    .action(async ({ json, ...options }: AdminOptions & { json?: true }) => {
      const found = (await askGate(options, 'GET', '/sessions', 'sessions')) as { sessions: readonly SessionView[] }
      const { sessions } = found
      if (json) printJson(found)
      else if (sessions.length === 0) process.stdout.write('nothing is under way\n')
      else process.stdout.write(`${lines(sessions).join('\n')}\n`)
    })
}

function endCommand(): Command {
  return withAdminOptions(new Command('end'))
    .description('end one: its client reads why, and its record says "session-ended"')
    .argument('<id>', 'the id of its record, as "dockgate sessions list" shows it')
    .addHelpText(
      'after',
      `
Whoever it was may begin another: "dockgate revoke" keeps them out.

Example:
  $ dockgate sessions end 93dq08jms2xxj3e7 --config /etc/dockgate/dockgate.yaml`,
    )
    .action(async (id: string, options: AdminOptions) => {
      await askGate(options, 'DELETE', `/sessions/${encodeURIComponent(id)}`, 'ended')
      process.stdout.write(`ended ${id}\n`)
    })
}

const HEAD = ['ID', 'SINCE', 'WHO', 'ROLE', 'OPERATION', 'OBJECT', 'IN', 'OUT']

function lines(sessions: readonly SessionView[]): string[] {
  return table([HEAD, ...sessions.map(cells)]).map((line) => line.slice(2))
}

function cells({ id, since, principal, role, operation, object, bytesIn, bytesOut }: SessionView): string[] {
  const who = principal === null ? '' : `${principal.issuer}/${principal.subject}`
  const what = object === null ? '' : `${object.kind} ${object.name}`
  return [id, since, who, role ?? '', operation ?? '', what, String(bytesIn), String(bytesOut)]
}
