import { type ChildProcess, spawn } from 'node:child_process'
import { printable } from '../text.ts'
import { withoutTokens } from './redact.ts'
import type { TokenSource } from './tokens.ts'

/** A login with a browser is not what this is for; asking an identity provider takes seconds. */
const COMMAND_MS = 30_000
const OUTPUT_BYTES = 64 * 1024
const SHOWN_ERRORS = 500

/**
 * Tokens that a shell command prints on standard output. It gets no standard input, and its standard error is shown when
 * it fails. It is killed with all that it started after `timeout` milliseconds.
 */
export function commandTokens(command: string, timeout = COMMAND_MS): TokenSource {
  return { name: '--token-command', local: false, fetch: (signal) => run(command, timeout, signal) }
}

interface Said {
  output: string
  errors: string
}

function run(command: string, timeout: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    // A process group of its own, so that a pipeline of several programs ends as one.
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const said: Said = { output: '', errors: '' }
    let problem: string | null = null
    const stop = (why: string) => {
      problem ??= why
      killGroup(child)
    }
    const timer = setTimeout(() => stop(`did not end within ${timeout / 1000} s`), timeout)
    const onAbort = () => stop('was interrupted')
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()

    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.output += text
      if (said.output.length > OUTPUT_BYTES) stop(`printed more than ${OUTPUT_BYTES / 1024} KiB`)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.errors.length < OUTPUT_BYTES) said.errors += text
    })
    child.once('error', (error) => stop(`cannot be run: ${error.message}`))
    child.once('close', (code, by) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      if (problem === null && code !== 0)
        problem = code === null ? `was ended by ${by}` : `ended with exit code ${code}`
      if (problem === null) resolve(said.output)
      else reject(new Error(`--token-command ${problem}${shown(said.errors)}`))
    })
  })
}

function shown(errors: string): string {
  const text = printable(
    withoutTokens(errors)
      .trim()
      .split(/\s*\n\s*/)
      .join(' | '),
    SHOWN_ERRORS,
  )
  return text === '' ? ', and said nothing on standard error' : `: ${text}`
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
