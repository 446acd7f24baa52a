import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { type Issued, LEAF_DAYS } from '../pki/authority.ts'
import { makePrivateFolder, PRIVATE_FILE, PUBLIC_FILE, writeNewFile } from '../pki/files.ts'
import { printJson } from './failure.ts'
import { clientPaths, readAuthority, STATE_FOLDER, statePaths, typed } from './state.ts'

interface Options {
  readonly state: string
  readonly out?: string
  readonly days: number
  readonly json?: true
}

export function certCommand(): Command {
  return new Command('cert')
    .description('issue certificates from the local authority of a state folder')
    .addCommand(clientCommand())
    .addCommand(serverCommand())
}

function clientCommand(): Command {
  return withOptions(new Command('client'))
    .description('a client certificate, with the file names that docker --tlsverify expects')
    .argument('<name>', 'the common name, which conditions see as cert.commonName')
    .addHelpText('after', '\nExample:\n  $ dockgate cert client alice --out ./alice')
    .action((name: string, { state, out, days, json }: Options) => {
      const authority = readAuthority(state)
      const issued = authority.issueClient({ name, days })
      const paths = clientPaths(out ?? statePaths(state).client(name).folder)
      write(paths.folder, { ...paths, issued, authority: { path: paths.authority, pem: authority.certificate } })
      if (json) printJson({ ...pathsOf(paths), notAfter: issued.notAfter.toISOString() })
      else {
        const flags = `--tlsverify --tlscacert ${typed(paths.authority)} --tlscert ${typed(paths.certificate)} --tlskey ${typed(paths.key)}`
        process.stdout.write(`${typed(paths.folder)}: ca.pem, cert.pem, key.pem, good until ${day(issued)}\n`)
        process.stdout.write(`  docker ${flags} -H tcp://HOST:2376 version\n`)
      }
    })
}

function serverCommand(): Command {
  return withOptions(new Command('server'))
    .description("a server certificate for a listener's tls.certificate and tls.key")
    .argument('<names...>', 'DNS names and IP addresses that clients call it by')
    .addHelpText('after', '\nExample:\n  $ dockgate cert server docker.acme.io 10.0.0.5 --out /etc/dockgate/tls')
    .action((names: string[], { state, out, days, json }: Options) => {
      const authority = readAuthority(state)
      const issued = authority.issueServer({ names, days })
      const folder = out ?? join(state, 'servers', names[0] ?? '')
      const paths = {
        authority: join(folder, 'ca.pem'),
        certificate: join(folder, 'cert.pem'),
        key: join(folder, 'key.pem'),
      }
      write(folder, { ...paths, issued, authority: { path: paths.authority, pem: authority.certificate } })
      if (json) printJson({ ...paths, notAfter: issued.notAfter.toISOString() })
      else {
        process.stdout.write(`${typed(folder)}: ca.pem, cert.pem, key.pem, good until ${day(issued)}\n`)
        process.stdout.write(`  tls: { certificate: ${paths.certificate}, key: ${paths.key} }\n`)
      }
    })
}

function withOptions(command: Command): Command {
  return command
    .option('--state <folder>', 'the state folder that "dockgate start" made', STATE_FOLDER)
    .option('--out <folder>', 'where to write; nothing there is overwritten')
    .option('--days <number>', 'days of life', readDays, LEAF_DAYS)
    .option('--json', 'the files and the end as JSON')
}

interface Files {
  readonly issued: Issued
  readonly certificate: string
  readonly key: string
  readonly authority: { readonly path: string; readonly pem: string }
}

function write(folder: string, { issued, certificate, key, authority }: Files): void {
  makePrivateFolder(folder)
  // The key first: when it is refused because one is there, nothing has changed.
  writeNewFile(key, issued.key, PRIVATE_FILE)
  writeNewFile(certificate, issued.certificate, PUBLIC_FILE)
  writeNewFile(authority.path, authority.pem, PUBLIC_FILE)
}

function pathsOf({ authority, certificate, key }: { authority: string; certificate: string; key: string }) {
  return { authority, certificate, key }
}

function readDays(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1) throw new InvalidArgumentError('write a whole number of days')
  return days
}

function day({ notAfter }: Issued): string {
  return notAfter.toISOString().slice(0, 10)
}
