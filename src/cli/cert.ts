import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { AUTHORITY_DAYS, type Authority, type Issued, LEAF_DAYS } from '../pki/authority.ts'
import { PkiError } from '../pki/errors.ts'
import { makePrivateFolder, PRIVATE_FILE, PUBLIC_FILE, readIfThere, writeNewFile } from '../pki/files.ts'
import { commonName, serverName } from '../pki/names.ts'
import { printJson, UsageError } from './failure.ts'
import { type ClientPaths, clientPaths, near, STATE_FOLDER, statePaths, typed } from './paths.ts'
import { readAuthority } from './state.ts'

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
    .addHelpText('after', '\nExample:\n  $ dockgate cert client alice --out ./alice')
}

function clientCommand(): Command {
  return withOptions(new Command('client'))
    .description('a client certificate, with the file names that docker --tlsverify expects')
    .argument('<name>', 'the common name, which conditions see as cert.commonName', (name) => checked(name, commonName))
    .addHelpText('after', '\nExample:\n  $ dockgate cert client alice --out ./alice')
    .action((name: string, { state, out, days, json }: Options) => {
      const authority = readAuthority(state)
      const paths = clientPaths(out ?? ownFolder(statePaths(state).client, name))
      const issued = authority.issueClient({ name, days })
      write(paths, issued, authority)
      const { authority: ca, certificate, key } = paths
      const docker = `docker --tlsverify --tlscacert ${typed(ca)} --tlscert ${typed(certificate)} --tlskey ${typed(key)}`
      report(paths, issued, json, `${docker} -H tcp://HOST:2376 version`)
    })
}

function serverCommand(): Command {
  return withOptions(new Command('server'))
    .description("a server certificate for a listener's tls.certificate and tls.key")
    .argument('<names...>', 'DNS names and IP addresses that clients call it by', addServerName)
    .addHelpText('after', '\nExample:\n  $ dockgate cert server docker.acme.io 10.0.0.5 --out /etc/dockgate/tls')
    .action((names: string[], { state, out, days, json }: Options) => {
      const authority = readAuthority(state)
      const paths = clientPaths(out ?? join(state, 'servers', names[0] ?? ''))
      const issued = authority.issueServer({ names, days })
      write(paths, issued, authority)
      report(paths, issued, json, `tls: { certificate: ${near(paths.certificate)}, key: ${near(paths.key)} }`)
    })
}

function withOptions(command: Command): Command {
  return command
    .option('--state <folder>', 'the state folder that "dockgate start" made', STATE_FOLDER)
    .option('--out <folder>', 'where to write; nothing there is overwritten')
    .option('--days <number>', 'days of life', readDays, LEAF_DAYS)
    .option('--json', 'the files and the end as JSON')
}

/** The name becomes a folder's: it must not lead elsewhere. */
function ownFolder(client: (name: string) => ClientPaths, name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9@_+. -]*$/.test(name)) return client(name).folder
  throw new UsageError(`${JSON.stringify(name)} cannot be the name of a folder; say where to write with --out`)
}

/** Writes all three files or none. Throws PkiError when one is there already, unless it is the authority's own certificate. */
function write(paths: ClientPaths, issued: Issued, authority: Authority): void {
  makePrivateFolder(paths.folder)
  for (const path of [paths.key, paths.certificate]) {
    if (readIfThere(path) !== null) throw new PkiError(`${path} exists already and is not overwritten`)
  }
  const present = readIfThere(paths.authority)
  if (present !== null && present !== authority.certificate) {
    throw new PkiError(`${paths.authority} is another authority's and is not overwritten; write elsewhere with --out`)
  }
  writeNewFile(paths.key, issued.key, PRIVATE_FILE)
  writeNewFile(paths.certificate, issued.certificate, PUBLIC_FILE)
  if (present === null) writeNewFile(paths.authority, authority.certificate, PUBLIC_FILE)
}

function report(
  { folder, authority, certificate, key }: ClientPaths,
  issued: Issued,
  json: true | undefined,
  use: string,
) {
  const notAfter = issued.notAfter.toISOString()
  if (json) return printJson({ authority, certificate, key, notAfter })
  process.stdout.write(`${near(folder)}: ca.pem, cert.pem, key.pem, good until ${notAfter.slice(0, 10)}\n  ${use}\n`)
}

function addServerName(name: string, names: readonly string[] | undefined): readonly string[] {
  checked(name, serverName)
  return [...(names ?? []), name]
}

function checked(name: string, check: (name: string) => unknown): string {
  try {
    check(name)
    return name
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
  }
}

function readDays(text: string): number {
  const days = Number(text)
  if (Number.isInteger(days) && days >= 1 && days <= AUTHORITY_DAYS) return days
  throw new InvalidArgumentError(`write a whole number of days from 1 to ${AUTHORITY_DAYS}`)
}
