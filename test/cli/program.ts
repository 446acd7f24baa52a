import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** The sources, or what is published where the environment names it: .ci/run tests both. */
const MAIN = process.env.DOCKGATE_PROGRAM ?? fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A temporary folder in which `dockgate` is run as a child process; `remove` ends what still runs. */
export interface Workplace {
  readonly folder: string
  /** Runs a command to its end. */
  run(...args: string[]): Promise<Outcome>
  /** The same with this on standard input. */
  runWith(input: string, ...args: string[]): Promise<Outcome>
  /** Starts a command that goes on, and resolves when its output contains the text. */
  start(args: string[], until: string, env?: NodeJS.ProcessEnv): Promise<Running>
  remove(): Promise<void>
}

export interface Running {
  readonly process: ChildProcess
  output(): string
  /** Sends the signal and resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Makes a workplace. `env` is added to the environment of every command. */
export function workplace(env: NodeJS.ProcessEnv = {}): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'dockgate-cli-'))
  const children = new Set<ChildProcess>()
  const endings: Promise<unknown>[] = []
  const launch = (args: readonly string[], more: NodeJS.ProcessEnv = {}, input: string | null = null) => {
    const { DOCKER_HOST: _, ...rest } = process.env
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { ...rest, ...env, ...more },
      stdio: [input === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    }) as ChildProcess & { stdout: Readable; stderr: Readable }
    // A command that does not read its input may be gone before all of it is written.
    child.stdin?.on('error', () => {}).end(input)
    children.add(child)
    const said = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk) => {
      said.stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      said.stderr += chunk
    })
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
    endings.push(ended.then(() => children.delete(child)))
    return { child, said, ended }
  }
  return {
    folder,
    async run(...args) {
      const { said, ended } = launch(args)
      const code = await ended
      return { code, ...said }
    },
    async runWith(input, ...args) {
      const { said, ended } = launch(args, {}, input)
      const code = await ended
      return { code, ...said }
    },
    async start(args, until, more) {
      const { child, said, ended } = launch(args, more)
      const output = () => said.stdout + said.stderr
      await new Promise<void>((resolve, reject) => {
        const look = () => output().includes(until) && resolve()
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        void ended.then((code) =>
          reject(new Error(`ended with ${code} before it said ${JSON.stringify(until)}: ${output()}`)),
        )
      })
      return {
        process: child,
        output,
        stop(signal = 'SIGTERM') {
          child.kill(signal)
          return ended
        },
      }
    },
    async remove() {
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(endings)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
