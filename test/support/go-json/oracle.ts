import { type GoProgram, startGoProgram } from '../go-program.ts'

/** How Go's encoding/json reads a document, in the canonical form that main.go describes; null is an error of Go's. */
interface GoReading {
  readonly value: string | null
  readonly map: string | null
  readonly struct: string | null
}

export type GoJson = GoProgram<GoReading>

/** Starts the program of main.go: it is asked for the reading of a document. */
export function startGoJson(): Promise<GoJson> {
  return startGoProgram(import.meta.dirname)
}
