import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** How a client reaches the engine: the environment that `docker`, Compose 1.29 and docker-py read, and ROUTE_TOKEN for curl. */
export interface Route {
  readonly name: string
  readonly environment: Readonly<Record<string, string>>
}

export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  /** The exit status; 128 and the signal's number when a signal ended it, as a shell has it. */
  readonly code: number
}

export interface RouteOptions {
  readonly name: string
  /** `unix:///path` or `tcp://host:port`. */
  readonly host: string
  /** A folder for this route's client configuration; made if need be. */
  readonly directory: string
  /** Sent as `Authorization: Bearer` by way of config.json's HttpHeaders. */
  readonly token?: string
  /** TLS, with the server checked against this authority (PEM). */
  readonly authority?: string
  /** The client certificate and key (PEM). */
  readonly certificate?: { readonly certificate: string; readonly key: string }
}

/** A folder that is removed by `remove`. */
export function temporaryDirectory(purpose: string): { readonly path: string; remove(): void } {
  const directory = mkdtempSync(path.join(os.tmpdir(), `dockgate-${purpose}-`))
  return { path: directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Writes the client configuration of a route (config.json, ca.pem, cert.pem, key.pem) and returns the route. */
export function createRoute(options: RouteOptions): Route {
  const { name, host, directory, token, authority, certificate } = options
  mkdirSync(directory, { recursive: true })
  const headers = token === undefined ? {} : { HttpHeaders: { Authorization: `Bearer ${token}` } }
  writeFileSync(path.join(directory, 'config.json'), JSON.stringify(headers))
  const environment: Record<string, string> = { DOCKER_HOST: host, DOCKER_CONFIG: directory }
  if (token !== undefined) environment.ROUTE_TOKEN = token
  if (authority !== undefined) {
    writeFileSync(path.join(directory, 'ca.pem'), authority)
    Object.assign(environment, { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: directory })
  }
  if (certificate !== undefined) {
    writeFileSync(path.join(directory, 'cert.pem'), certificate.certificate)
    writeFileSync(path.join(directory, 'key.pem'), certificate.key, { mode: 0o600 })
  }
  return { name, environment }
}

/** The route that has no gate in it: the engine's own socket. `directory` as in RouteOptions. */
export function directRoute(socket: string, directory: string): Route {
  return createRoute({ name: 'direct', host: `unix://${socket}`, directory })
}

export interface RunOptions {
  readonly cwd?: string
  readonly stdin?: Readable | string
  /** The program gets a terminal of 40 rows and 100 columns, and so do its standard output and standard error together. */
  readonly pty?: boolean
  /** Milliseconds; then the program and what it started is killed. 60 s unless told. */
  readonly timeout?: number
}

/**
 * What a program sees of this machine: nothing that differs between machines, and no Docker setting but the route's.
 * The classic builder, because BuildKit's client side comes from a plugin that not every machine has.
 */
function clientEnvironment(route: Route): NodeJS.ProcessEnv {
  const { PATH = '/usr/bin:/bin' } = process.env
  return {
    PATH,
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    TERM: 'xterm',
    DOCKER_BUILDKIT: '0',
    DOCKER_CLI_HINTS: 'false',
    ...route.environment,
  }
}

/** Starts a client program with pipes, in a process group of its own. The caller ends it. */
export function startClient(
  route: Route,
  argv: readonly string[],
  options: RunOptions = {},
): ChildProcessWithoutNullStreams {
  const command = options.pty
    ? ['script', '-qec', `stty rows 40 cols 100; exec ${argv.map(quote).join(' ')}`, '/dev/null']
    : argv
  const [program = '', ...rest] = command
  return spawn(program, rest, { cwd: options.cwd ?? '/', env: clientEnvironment(route), detached: true, stdio: 'pipe' })
}

/** Runs a client program to its end. Rejects when it cannot be started or does not end in time. */
export async function runClient(route: Route, argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const child = startClient(route, argv, options)
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk))
  const limit = options.timeout ?? 60_000
  let late = false
  const timer = setTimeout(() => {
    late = true
    killGroup(child)
  }, limit)
  feed(child, options.stdin)
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    const stdout = Buffer.concat(chunks.stdout).toString()
    const stderr = Buffer.concat(chunks.stderr).toString()
    if (late) throw new Error(`${argv.join(' ')}\nwas killed after ${limit} ms; it had printed:\n${stdout}${stderr}`)
    return { stdout, stderr, code: code ?? 128 + (signal ? os.constants.signals[signal] : 0) }
  } finally {
    clearTimeout(timer)
  }
}

/** `docker` with these arguments, to its end. */
export function docker(route: Route, argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runClient(route, ['docker', ...argv], options)
}

/** Kills a program of startClient and everything that it started; one that has ended already is left alone. */
export function killGroup(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function feed(child: ChildProcessWithoutNullStreams, stdin: Readable | string | undefined): void {
  // A program may end without having read its input: that is its right, and its exit status tells.
  child.stdin.on('error', () => {})
  if (stdin === undefined || typeof stdin === 'string') child.stdin.end(stdin ?? '')
  else pipeline(stdin, child.stdin).catch(() => {})
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
