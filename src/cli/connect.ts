import { Command } from 'commander'
import type { GateAddress } from '../connect/address.ts'
import type { TlsFiles } from '../connect/gate.ts'
import { withoutTokens } from '../connect/redact.ts'
import type { TokenSource } from '../connect/tokens.ts'
import { UsageError } from './failure.ts'

interface Options {
  readonly listen?: string
  readonly tokenCommand?: string
  readonly tokenFile?: string
  readonly githubActions?: true
  readonly gitlab?: string
  readonly tokenHeader?: string
  readonly audience?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly context?: string
}

export function connectCommand(): Command {
  return new Command('connect')
    .description('open a local docker socket whose every request goes to a gate with a fresh token')
    .argument('<gate>', 'https://HOST:PORT; on this machine also http://127.0.0.1:PORT or unix:///path')
    .argument('[command...]', 'behind "--": run it with DOCKER_HOST set, and end with its exit code')
    .optionsGroup('Who calls (one of the first four, or a certificate, or both):')
    .option('--github-actions', 'the OIDC token of the GitHub Actions job that this runs in')
    .option('--gitlab <variable>', 'the token in this variable of a GitLab job (its id_tokens)')
    .option('--token-file <file>', 'the token in a file; read again for every request')
    .option('--token-command <command>', 'the token that this shell command prints; run again before the token ends')
    .option('--cert <file>', 'client certificate (PEM)')
    .option('--key <file>', 'its private key (PEM)')
    .optionsGroup('The gate:')
    .option('--ca <file>', "authority of the gate's certificate (PEM); the public ones when left out")
    .option('--token-header <name>', "the header for the token, where the gate's listener has a tokenHeader")
    .option('--audience <audience>', "with --github-actions: the token's audience; the gate's host name when left out")
    .optionsGroup('This side:')
    .option(
      '--listen <address>',
      'unix:///path of the socket to open, mode 0600; in a new private folder when left out',
    )
    .option('--context <name>', 'make the docker context of this name for the socket of --listen')
    .helpOption('-h, --help', 'display help for command')
    .addHelpText(
      'after',
      `
The gate is asked once before anything else, and what is wrong is said. Without a command, "export DOCKER_HOST=…" on
standard output tells that the socket is open; it is served until SIGINT or SIGTERM.

Examples:
  $ dockgate connect https://docker.acme.io:2376 --github-actions -- docker build -t shop .
  $ dockgate connect https://docker.acme.io:2376 --gitlab DOCKGATE_TOKEN --ca ca.pem -- docker compose up -d
  $ dockgate connect https://docker.acme.io:2376 --token-command 'vault read -field=token identity/oidc/token/docker' \\
      --listen unix:///tmp/dockgate.sock --context acme
  $ dockgate connect https://docker.acme.io:2376 --cert cert.pem --key key.pem --ca ca.pem -- mvn verify

Exit codes: that of the command (126, 127: it cannot be run), else 0 done, 1 failed, 2 the command line is wrong.`,
    )
    .action(async (gate: string, command: string[], options: Options) => {
      const { runConnect } = await import('./connect-run.ts')
      const settings = await readSettings(gate, command, options)
      // For certain and at once: nothing that is still open counts any more.
      process.exit(await runConnect(settings, command))
    })
}

export interface ConnectSettings {
  readonly gate: GateAddress
  readonly files: TlsFiles
  readonly source: TokenSource | null
  readonly tokenHeader: string | null
  readonly listen: string | null
  readonly context: string | null
}

/** Puts the options together. Throws UsageError for what cannot be meant, and shows no token that was put in a wrong place. */
async function readSettings(text: string, command: readonly string[], options: Options): Promise<ConnectSettings> {
  const { parseGateAddress } = await import('../connect/address.ts')
  const { listen = null, context = null, tokenHeader = null } = options
  const gate = usage(() => parseGateAddress(text))
  const files = readTlsFiles(gate, options)
  const source = await readSource(gate, options)
  if (source === null && files.client === null) {
    throw new UsageError(
      'say who calls: --github-actions, --gitlab VARIABLE, --token-file FILE, --token-command COMMAND, or --cert and --key',
    )
  }
  if (tokenHeader !== null && (source === null || !/^X-[A-Za-z0-9-]{1,62}$/i.test(tokenHeader))) {
    throw new UsageError("--token-header wants a token, and the name of the listener's tokenHeader: X-Dockgate-Token")
  }
  if (listen !== null && !listen.startsWith('unix:///')) {
    throw new UsageError(`--listen ${withoutTokens(listen)} is no socket; write unix:///absolute/path`)
  }
  if (context !== null && (listen === null || command.length > 0)) {
    throw new UsageError('--context wants --listen (a context names a socket that stays), and no command')
  }
  return { gate, files, source, tokenHeader, listen, context }
}

function readTlsFiles(gate: GateAddress, { ca, cert, key }: Options): TlsFiles {
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key go together')
  if (gate.kind !== 'tls' && (ca !== undefined || cert !== undefined)) {
    throw new UsageError(`--ca, --cert and --key are for a gate at https://, and ${gate.name} speaks no TLS`)
  }
  const client = cert === undefined || key === undefined ? null : { certificate: cert, key }
  return { authorities: ca ?? null, client }
}

async function readSource(gate: GateAddress, options: Options): Promise<TokenSource | null> {
  const { githubActions, gitlab, tokenFile, tokenCommand, audience } = options
  const given = [githubActions, gitlab, tokenFile, tokenCommand].filter((one) => one !== undefined)
  if (given.length > 1) {
    throw new UsageError('give one of --github-actions, --gitlab, --token-file and --token-command, not several')
  }
  if (audience !== undefined && githubActions === undefined) {
    throw new UsageError(
      '--audience goes with --github-actions; elsewhere whoever makes the token sets it (GitLab: id_tokens)',
    )
  }
  if (githubActions !== undefined) return githubSource(gate, audience)
  if (gitlab !== undefined) return gitlabSource(gitlab)
  if (tokenFile !== undefined) return (await import('../connect/token-local.ts')).fileTokens(tokenFile)
  if (tokenCommand === undefined) return null
  if (tokenCommand.trim() === '') throw new UsageError('--token-command is empty')
  return (await import('../connect/token-command.ts')).commandTokens(tokenCommand)
}

async function githubSource(gate: GateAddress, asked: string | undefined): Promise<TokenSource> {
  const { audienceOf } = await import('../connect/address.ts')
  const { githubTokens } = await import('../connect/token-github.ts')
  const audience = asked ?? audienceOf(gate)
  if (audience === null || audience === '') {
    throw new UsageError(
      `${gate.name} has no host name to ask a token for; say --audience, as the gate's issuer names it`,
    )
  }
  return usage(() => githubTokens(audience))
}

async function gitlabSource(variable: string): Promise<TokenSource> {
  // Written as "$DOCKGATE_TOKEN", the shell has put the token itself here.
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(variable)) {
    throw new UsageError('--gitlab wants the name of the variable (DOCKGATE_TOKEN), not its value')
  }
  return (await import('../connect/token-local.ts')).environmentTokens(variable)
}

function usage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new UsageError(withoutTokens((error as Error).message), { cause: error })
  }
}
