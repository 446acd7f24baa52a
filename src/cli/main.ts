#!/usr/bin/env node
import { Command } from 'commander'
import { auditCommand } from './audit.ts'
import { certCommand } from './cert.ts'
import { checkCommand } from './check.ts'
import { connectCommand } from './connect.ts'
import { diffCommand } from './diff.ts'
import { doctorCommand } from './doctor.ts'
import { explainCommand } from './explain.ts'
import { reportFailure, unifyFailures } from './failure.ts'
import { initCommand } from './init.ts'
import { learnCommand } from './learn.ts'
import { readyCommand } from './ready.ts'
import { reapCommand } from './reap.ts'
import { revokeCommand } from './revoke.ts'
import { schemaCommand } from './schema.ts'
import { serveCommand } from './serve.ts'
import { sessionsCommand } from './sessions.ts'
import { startCommand } from './start.ts'
import { tokenCommand } from './token.ts'
import { topCommand } from './top.ts'
import { versionCommand, versionOf } from './version.ts'

const program = new Command('dockgate')
  .description("Authenticating, authorising reverse proxy in front of the Docker Engine's unix socket")
  .version(versionOf().dockgate, '-v, --version')
  .addHelpText(
    'after',
    `
Start here:
  $ dockgate start                                  a gate on this machine, with everything it needs made for you
  $ dockgate init                                   one for this host: asks, and writes /etc/dockgate and the systemd unit
  $ dockgate check --config /etc/dockgate/dockgate.yaml
  $ dockgate serve --config /etc/dockgate/dockgate.yaml

Exit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong, 3 refused (explain).`,
  )

const commands = [
  startCommand,
  initCommand,
  serveCommand,
  checkCommand,
  diffCommand,
  schemaCommand,
  doctorCommand,
  explainCommand,
  learnCommand,
  tokenCommand,
  certCommand,
  revokeCommand,
  reapCommand,
  auditCommand,
  readyCommand,
  sessionsCommand,
  topCommand,
  connectCommand,
  versionCommand,
]
for (const command of commands) program.addCommand(command())
unifyFailures(program)

try {
  await program.parseAsync()
} catch (error) {
  // Exit for certain: what had been started before the failure would keep the process alive.
  process.exit(reportFailure(error))
}
