import { CommanderError } from 'commander'
import { ConfigError } from '../config/errors.ts'

/** The command line or the configuration is wrong: nothing was started. */
const EXIT_USAGE = 2
/** Anything else: a port taken, no engine, a file that cannot be written. */
const EXIT_FAILURE = 1

/** A wrong option value; ends the command with exit code 2. */
export class UsageError extends Error {}

/** Prints an error for a person, one line a problem and no stack, and returns the exit code. */
export function reportFailure(error: unknown): number {
  // Commander has printed its own message, and --help and --version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
  const text = error instanceof Error ? error.message : String(error)
  for (const line of text.split('\n')) process.stderr.write(`dockgate: ${line}\n`)
  return error instanceof ConfigError || error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE
}

/** Prints a value as one JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
