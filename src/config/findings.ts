import type { Issue } from './errors.ts'

/** Collects what the checks of a configuration find: what refuses to start, and what is only worth a word. */
export interface Findings {
  readonly problems: Issue[]
  readonly warnings: Issue[]
  problem(path: readonly PropertyKey[], message: string, place?: Pick<Issue, 'atKey' | 'offset'>): void
  warn(path: readonly PropertyKey[], message: string, place?: Pick<Issue, 'atKey' | 'offset'>): void
}

export function createFindings(): Findings {
  const problems: Issue[] = []
  const warnings: Issue[] = []
  return {
    problems,
    warnings,
    problem: (path, message, place) => void problems.push({ path, message, ...place }),
    warn: (path, message, place) => void warnings.push({ path, message, ...place }),
  }
}
