import { Command, InvalidArgumentError, Option } from 'commander'
import { ISSUER_PRESETS, type IssuerPresetName } from '../config/issuer-presets.ts'
import { PRESET_NAMES } from '../config/profile-schema.ts'
import { PROXY_KINDS, type ProxyKind } from '../init/proxy-rules.ts'
import { ROLE_NAMES, type RoleName } from '../init/roles.ts'
import { commonName, serverName } from '../pki/names.ts'
import { checked } from './cert-options.ts'

export const SOURCES = ['tlsverify', 'tcp', 'docker-socket-proxy'] as const
export type Source = (typeof SOURCES)[number]

/** The options as they were given. */
export interface InitOptions {
  readonly from?: Source
  readonly folder: string
  readonly root: string
  readonly address?: string
  readonly name?: readonly string[]
  readonly person?: readonly { readonly name: string; readonly role: RoleName | null }[]
  readonly ci?: IssuerPresetName
  readonly only?: string
  readonly when?: string
  readonly audience?: string
  readonly host?: string
  readonly tenant?: string
  readonly organization?: string
  readonly issuer?: string
  readonly ciRole?: RoleName
  readonly proxy: ProxyKind
  readonly envFile?: string
  readonly variable?: readonly string[]
  readonly engine?: string
  readonly ledger: string
  readonly admin: string
  readonly dryRun?: true
  readonly yes?: true
}

const HELP = `
What is not told is asked for at a terminal; without one, or with --yes, the default is taken, and what has none is an
error. Nothing that is there is overwritten without --yes or an answer; a diff is shown first. dockerd's own configuration
is never changed: what to change is printed.

Examples:
  $ dockgate init
  $ dockgate init --yes --person alice:operator --person bob --name docker.acme.io
  $ dockgate init --yes --ci github-actions --only acme/shop --audience docker.acme.io --name docker.acme.io
  $ dockgate init --yes --from tlsverify
  $ dockgate init --yes --from tcp --person alice:operator
  $ dockgate init --yes --from docker-socket-proxy --variable CONTAINERS=1 --person traefik --dry-run

Exit codes: 0 done, 1 failed or not answered, 2 the command line or what was made of it is wrong. Then nothing is written.`

export function initCommand(): Command {
  return new Command('init')
    .description(
      'write a configuration, certificates, the systemd unit and the lines for clients; takes over a dockerd on TCP',
    )
    .addOption(new Option('--from <what>', 'what to take over').choices(SOURCES))
    .option('--folder <folder>', 'where to write', readFolder, '/etc/dockgate')
    .optionsGroup('Who calls, and as what:')
    .option('--person <name[:role]>', 'somebody with a certificate; repeatable', addPerson)
    .addOption(new Option('--ci <preset>', 'jobs of a CI system').choices(ISSUER_PRESETS))
    .option(
      '--only <whose>',
      'whose jobs: acme or acme/shop (GitHub), acme/ or acme/shop (GitLab), ci:builder (Kubernetes)…',
    )
    .option('--when <condition>', 'a CEL condition instead of --only')
    .option('--audience <audience>', "the audience of the jobs' tokens; the first --name when left out")
    .option('--host <host>', 'of GitHub Enterprise, or of your own GitLab')
    .option('--tenant <id>', 'of azure-ad')
    .option('--organization <id>', 'of circleci')
    .option('--issuer <url>', 'of kubernetes and generic-oidc')
    .addOption(new Option('--ci-role <role>', 'what the jobs may do (default: "ci-run")').choices(ROLE_NAMES))
    .optionsGroup('The gate:')
    .option('--address <address>', 'where to listen, with TLS (default: "0.0.0.0:2376", or where dockerd listens)')
    .option(
      '--name <name>',
      'a DNS name or IP address that clients call it by; repeatable (default: the host name)',
      addName,
    )
    .option('--engine <socket>', "the engine's socket, unix:///… (default: the one that dockerd's files name)")
    .option('--ledger <file>', 'where it is kept whose images are whose', '/var/lib/dockgate/ledger.sqlite')
    .option('--admin <socket>', 'the socket of dockgate ready and dockgate sessions', '/run/dockgate/admin.sock')
    .optionsGroup('With --from:')
    .option('--root <folder>', "the folder in which dockerd's files are looked for", '/')
    .addOption(
      new Option('--proxy <kind>', 'the socket proxy whose variables these are')
        .choices(PROXY_KINDS)
        .default('tecnativa'),
    )
    .option('--env-file <file>', "the socket proxy's variables, a NAME=VALUE a line")
    .option('--variable <NAME=VALUE>', 'one of them; repeatable, and stronger than the file', addText)
    .optionsGroup('Writing:')
    .option('--dry-run', 'print everything, write nothing')
    .option('--yes', 'ask nothing, and overwrite what is there')
    .helpOption('-h, --help', 'display help for command')
    .addHelpText('after', HELP)
    .action(async (options: InitOptions) => {
      const { runInit } = await import('./init-run.ts')
      await runInit(options)
    })
}

function addText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

function addName(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, checked(text, serverName)]
}

/** systemd and shells read some characters otherwise: there is no need for them here. */
function readFolder(text: string): string {
  if (/^\/[A-Za-z0-9/_.-]*[A-Za-z0-9_-]$/.test(text)) return text
  throw new InvalidArgumentError('write an absolute path of letters, digits, "/", "_", "." and "-"')
}

type Person = NonNullable<InitOptions['person']>[number]

function addPerson(text: string, before: readonly Person[] = []): readonly Person[] {
  const [name = '', role] = text.split(':')
  if (role !== undefined && !isRole(role)) {
    throw new InvalidArgumentError(`no such role: ${role}; there are ${[...PRESET_NAMES].join(', ')}`)
  }
  return [...before, { name: personName(name), role: role ?? null }]
}

/** The name is a folder's too. Throws InvalidArgumentError. */
export function personName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9@_+.-]*$/.test(name)) return checked(name, commonName)
  throw new InvalidArgumentError(
    `${JSON.stringify(name)} cannot be the name of a folder: letters, digits, "@", "_", "+", "." and "-"`,
  )
}

export function isRole(text: string): text is RoleName {
  return (ROLE_NAMES as readonly string[]).includes(text)
}
