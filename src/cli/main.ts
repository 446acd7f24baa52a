#!/usr/bin/env node
import { Command } from 'commander'
import { reportFailure, unifyFailures } from './failure.ts'
import { versionOf } from './version.ts'

/** In the order of --help. Only what the command line asks for is loaded: to load all takes as long as to serve. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).startCommand(),
  init: async () => (await import('./init.ts')).initCommand(),
  serve: async () => (await import('./serve.ts')).serveCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  diff: async () => (await import('./diff.ts')).diffCommand(),
  schema: async () => (await import('./schema.ts')).schemaCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  learn: async () => (await import('./learn.ts')).learnCommand(),
  token: async () => (await import('./token.ts')).tokenCommand(),
  cert: async () => (await import('./cert.ts')).certCommand(),
  revoke: async () => (await import('./revoke.ts')).revokeCommand(),
  reap: async () => (await import('./reap.ts')).reapCommand(),
  audit: async () => (await import('./audit.ts')).auditCommand(),
  ready: async () => (await import('./ready.ts')).readyCommand(),
  sessions: async () => (await import('./sessions.ts')).sessionsCommand(),
  top: async () => (await import('./top.ts')).topCommand(),
  connect: async () => (await import('./connect.ts')).connectCommand(),
  version: async () => (await import('./version.ts')).versionCommand(),
}

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

// The program has no option that takes a value: its first word names the command, or is for all of them.
const [first = ''] = process.argv.slice(2)
const asked = Object.hasOwn(COMMANDS, first) ? [first] : Object.keys(COMMANDS)
for (const name of asked) program.addCommand(await (COMMANDS[name] as () => Promise<Command>)())
unifyFailures(program)

try {
  await program.parseAsync()
} catch (error) {
  // Exit for certain: what had been started before the failure would keep the process alive.
  process.exit(reportFailure(error))
}
