import { Command } from 'commander'
import { caCommand } from './cert-ca.ts'
import { clientCommand, serverCommand } from './cert-issue.ts'
import { listCommand } from './cert-list.ts'
import { revokeCommand } from './cert-revoke.ts'

export function certCommand(): Command {
  const command = new Command('cert').description('a certificate authority of your own, in a state folder')
  for (const make of [caCommand, serverCommand, clientCommand, revokeCommand, listCommand]) command.addCommand(make())
  return command.addHelpText(
    'after',
    `
Examples, from nothing to "docker --tlsverify":
  $ dockgate cert ca
  $ dockgate cert server docker.acme.io --out /etc/dockgate/tls
  $ dockgate cert client alice --out ./alice`,
  )
}
