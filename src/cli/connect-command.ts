import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { say } from './failure.ts'

/** Settings of the docker client that would lead past the socket, or ask for TLS on it. */
export const MISLEADING = ['DOCKER_CONTEXT', 'DOCKER_TLS_VERIFY', 'DOCKER_TLS', 'DOCKER_CERT_PATH'] as const

/** What a supervisor, a CI runner or a person sends to end a program or to talk to it. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const
/** What a terminal sends by itself to every process of the foreground group. */
const OF_TERMINAL = new Set<NodeJS.Signals>(['SIGINT', 'SIGQUIT'])
/** As a shell has it: the program was found and cannot be run, or was not found. */
const EXIT_NOT_RUNNABLE = 126
const EXIT_NOT_FOUND = 127

/**
 * Runs a program with DOCKER_HOST set to the socket, on our own terminal and streams, and passes signals on to it.
 * Resolves to its exit code; 128 and the signal's number when a signal ended it, as a shell has it.
 *
 * @param takeSignals called once signals are passed on
 */
export function runCommand(
  [program = '', ...rest]: readonly string[],
  dockerHost: string,
  takeSignals: () => void,
): Promise<number> {
  return new Promise((resolve) => {
    const env: NodeJS.ProcessEnv = { ...process.env, DOCKER_HOST: dockerHost }
    for (const name of MISLEADING) delete env[name]
    const forward = (signal: NodeJS.Signals) => {
      // On a terminal the program has had it already; twice would be "at once" for many.
      if (!(OF_TERMINAL.has(signal) && isOnTerminal())) child.kill(signal)
    }
    // Before the program runs: it may tell somebody to send a signal, which would end us and leave it behind.
    for (const signal of FORWARDED) process.on(signal, forward)
    takeSignals()
    const child = spawn(program, rest, { stdio: 'inherit', env })
    const end = (code: number) => {
      for (const signal of FORWARDED) process.off(signal, forward)
      resolve(code)
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT'
      say(missing ? `${program}: there is no such program` : `${program} cannot be run: ${error.message}`)
      end(missing ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE)
    })
    child.once('exit', (code, signal) => end(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

function isOnTerminal(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
}
