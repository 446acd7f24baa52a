/** The flags of a command, each with the arguments that it is tried with. `$PWD` is the folder with FILES in it. */
export type FlagCases = Readonly<Record<string, readonly string[]>>

/** A command of the client, and the bash script that tries it with some flags. */
export interface Command {
  /** As the client has it: `network create`. */
  readonly name: string
  readonly cases: FlagCases
  /** Cases that mean nothing to any engine, and that the gate refuses in its own words before one does. */
  readonly refused?: readonly string[]
  /** Flags that the client takes only where its engine is on a unix socket. */
  readonly onUnixSocket?: readonly string[]
  /** Commands with more flags of this one, tried in another way. */
  readonly besides?: readonly Command[]
  script(flags: string): string
}
