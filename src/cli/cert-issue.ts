import { join } from 'node:path'
import { Command } from 'commander'
import { type Authority, type Issued, type IssueOptions, LEAF_DAYS } from '../pki/authority.ts'
import { PkiError } from '../pki/errors.ts'
import {
  makePrivateFolder,
  PRIVATE_FILE,
  PUBLIC_FILE,
  readIfThere,
  readPrivateIfThere,
  replaceFile,
  writeNewFile,
} from '../pki/files.ts'
import type { KeyKind } from '../pki/keys.ts'
import { alternativeName, commonName, serverName } from '../pki/names.ts'
import { checked, keyTypeOption, readDays, stateOption } from './cert-options.ts'
import { printJson, UsageError } from './failure.ts'
import { type ClientPaths, clientPaths, near, statePaths, typed } from './paths.ts'
import { readAuthority } from './state.ts'

interface Options {
  readonly state: string
  readonly out?: string
  readonly days: number
  readonly keyType?: KeyKind
  readonly renew?: true
  readonly json?: true
}

/** `dockgate cert client`. */
export function clientCommand(): Command {
  return withOptions(new Command('client'))
    .description('a client certificate, with the file names that docker --tlsverify expects')
    .argument('<name>', 'the common name, which conditions see as cert.commonName', (name) => checked(name, commonName))
    .option('--san <type:name>', 'a further name: uri:…, email:… or dns:…; repeatable', addChecked(alternativeName), [])
    .addHelpText(
      'after',
      '\nExamples:\n  $ dockgate cert client alice --out ./alice\n  $ dockgate cert client shop-ci --san uri:spiffe://acme.example/ci/shop --days 30',
    )
    .action((name: string, options: Options & { readonly san: readonly string[] }) => {
      const { state, out, json, san: names } = options
      const authority = readAuthority(state)
      const paths = clientPaths(out ?? ownFolder(statePaths(state).client, name))
      const issued = issue(paths, authority, options, (more) => authority.issueClient({ name, names, ...more }))
      const { authority: ca, certificate, key } = paths
      const docker = `docker --tlsverify --tlscacert ${typed(ca)} --tlscert ${typed(certificate)} --tlskey ${typed(key)}`
      report(paths, issued, json, `${docker} -H tcp://HOST:2376 version`)
    })
}

/** `dockgate cert server`. */
export function serverCommand(): Command {
  return withOptions(new Command('server'))
    .description("a server certificate for a listener's tls.certificate and tls.key")
    .argument('<names...>', 'DNS names and IP addresses that clients call it by', addChecked(serverName))
    .addHelpText('after', '\nExample:\n  $ dockgate cert server docker.acme.io 10.0.0.5 --out /etc/dockgate/tls')
    .action((names: string[], options: Options) => {
      const { state, out, json } = options
      const authority = readAuthority(state)
      const paths = clientPaths(out ?? join(state, 'servers', names[0] ?? ''))
      const issued = issue(paths, authority, options, (more) => authority.issueServer({ names, ...more }))
      report(paths, issued, json, `tls: { certificate: ${near(paths.certificate)}, key: ${near(paths.key)} }`)
    })
}

function withOptions(command: Command): Command {
  return command
    .addOption(stateOption())
    .option('--out <folder>', 'where to write; nothing there is overwritten')
    .option('--days <number>', 'days of life', readDays, LEAF_DAYS)
    .addOption(keyTypeOption().conflicts('renew'))
    .option('--renew', 'a new certificate for the key that is there, in the place of the old one')
    .option('--json', 'the files and the end as JSON')
}

/** The name becomes a folder's: it must not lead elsewhere. */
function ownFolder(client: (name: string) => ClientPaths, name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9@_+. -]*$/.test(name)) return client(name).folder
  throw new UsageError(`${JSON.stringify(name)} cannot be the name of a folder; say where to write with --out`)
}

function issue(
  paths: ClientPaths,
  authority: Authority,
  { days, keyType, renew }: Options,
  make: (options: IssueOptions) => Issued,
): Issued {
  return renew
    ? renewAt(paths, authority, (key) => make({ days, key }))
    : writeAt(paths, authority, () => make({ days, keyKind: keyType }))
}

/** Writes all three files or none. Throws PkiError when one is there already, unless it is the authority's own certificate. */
function writeAt(paths: ClientPaths, authority: Authority, make: () => Issued): Issued {
  makePrivateFolder(paths.folder)
  for (const path of [paths.key, paths.certificate]) {
    if (readIfThere(path) !== null) {
      throw new PkiError(`${path} exists already and is not overwritten; --renew certifies the key that is there again`)
    }
  }
  const isKnown = checkAuthority(paths, authority)
  const issued = make()
  writeNewFile(paths.key, issued.key, PRIVATE_FILE)
  writeNewFile(paths.certificate, issued.certificate, PUBLIC_FILE)
  if (!isKnown) writeNewFile(paths.authority, authority.certificate, PUBLIC_FILE)
  return issued
}

/** The key stays, so that one file changes and there is no moment at which certificate and key do not fit. */
function renewAt(paths: ClientPaths, authority: Authority, make: (key: string) => Issued): Issued {
  const key = readPrivateIfThere(paths.key)
  if (key === null) throw new PkiError(`there is no ${paths.key} to renew; without --renew a new one is made`)
  checkAuthority(paths, authority)
  const issued = make(key)
  replaceFile(paths.certificate, issued.certificate, PUBLIC_FILE)
  return issued
}

/** Whether the authority's certificate is there. Throws PkiError when another's is: clients would trust the wrong one. */
function checkAuthority(paths: ClientPaths, authority: Authority): boolean {
  const present = readIfThere(paths.authority)
  if (present === null || present === authority.certificate) return present !== null
  throw new PkiError(`${paths.authority} is another authority's and is not overwritten; write elsewhere with --out`)
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

/** Collects the values of an argument or option that repeats. */
function addChecked(check: (text: string) => unknown) {
  return (text: string, before: readonly string[] | undefined): readonly string[] => [
    ...(before ?? []),
    checked(text, check),
  ]
}
