import { type Command, CommanderError } from 'commander'
import { ConfigError } from '../config/errors.ts'
import { printable } from '../text.ts'

/** `explain`: the gate would refuse the request. */
export const EXIT_REFUSED = 3
/** The command line or the configuration is wrong: nothing was started. */
const EXIT_USAGE = 2
/** Anything else: a port taken, no engine, a file that cannot be written. */
const EXIT_FAILURE = 1

const LINE_LENGTH = 2000

/** A wrong option value; ends the command with exit code 2. */
export class UsageError extends Error {}

/** Prints a message for a person on stderr, under the program's name, safe for a terminal. */
export function say(message: string): void {
  for (const line of message.split('\n')) process.stderr.write(`dockgate: ${printable(line, LINE_LENGTH)}\n`)
}

/** Prints an error for a person, one line a problem and no stack, and returns the exit code. */
export function reportFailure(error: unknown): number {
  // Commander has printed its own message, and --help and --version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
  say(error instanceof Error ? error.message : String(error))
  return error instanceof ConfigError || error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE
}

/** Lets a command and those below it fail as ours do: one line on stderr, and an error instead of exit code 1. */
export function unifyFailures(command: Command): void {
  command.exitOverride().configureOutput({
    // Commander writes `error: …`, and a suggestion on a line of its own.
    outputError: (text) =>
      say(
        text
          .replace(/^error: /, '')
          .trim()
          .split('\n')
          .join(' '),
      ),
  })
  for (const sub of command.commands) unifyFailures(sub)
}

/** Prints a value as one JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
