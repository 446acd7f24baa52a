import { type GoProgram, startGoProgram } from '../../../support/go-program.ts'

/** An entry as Go reads it; text is hex, times are nanoseconds since 1970, empty for none. */
export interface GoEntry {
  readonly Name: string
  readonly Link: string
  readonly User: string
  readonly Group: string
  readonly Type: string
  readonly Mode: number
  readonly UID: number
  readonly GID: number
  readonly Size: number
  readonly Modified: string
  readonly Accessed: string
  readonly Attributes: Readonly<Record<string, string>>
  /** SHA-256. */
  readonly Content: string
}

/** What Go reads of an archive: the entries up to the first error, which is empty for none. */
interface GoReading {
  readonly Entries: readonly GoEntry[]
  readonly Error: string
}

export type GoTar = GoProgram<GoReading>

/** Starts the program of main.go: it is asked for the reading of an archive. */
export function startGoTar(): Promise<GoTar> {
  return startGoProgram(import.meta.dirname)
}
