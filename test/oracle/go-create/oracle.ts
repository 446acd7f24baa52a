import { type GoProgram, startGoProgram } from '../../support/go-program.ts'

/** What an engine would read of a body, as JSON with every field that the engine has; null is an error. */
export interface GoReading {
  /** Docker Engine 20.10. */
  readonly old: string | null
  /** Docker Engine 28. */
  readonly modern: string | null
}

export type GoCreate = GoProgram<GoReading>

/** Starts the program of main.go: it is asked for the reading of a container create's body. */
export function startGoCreate(): Promise<GoCreate> {
  return startGoProgram(import.meta.dirname)
}
