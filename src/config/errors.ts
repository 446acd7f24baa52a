import { printable } from '../text.ts'

/** One thing that is wrong in a configuration, and where. */
export interface ConfigProblem {
  /** The file as the operator named it; empty when the configuration did not come from a file. */
  readonly file: string
  /** From 1; 0 when the problem has no place in the file. */
  readonly line: number
  readonly column: number
  /** `roles.ci.allow[1]`; empty for the whole file. */
  readonly path: string
  /** What is wrong and the way out, one line. */
  readonly message: string
}

/** A problem before its place in the file is known: the keys that lead to it, from the root. */
export interface Issue {
  readonly path: readonly PropertyKey[]
  readonly message: string
  /** Point at the key itself, not at its value. */
  readonly atKey?: boolean
  /** How far into a one-line text value the problem begins. */
  readonly offset?: number
}

/** A configuration that cannot be used. Its message has one line a problem, for stderr as it is. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[], options?: { cause?: unknown }) {
    super(problems.map(formatProblem).join('\n'), options)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** `dockgate.yaml:12:5: roles.ci.allow[1]: "raed" is no …`: the form that editors and terminals can jump to. */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file
  return [place, problem.path, problem.message].filter((part) => part !== '').join(': ')
}

/** Keys as people write them: `roles.ci.allow[1]`, and `roles["a b"]` for a key that is no plain word. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (/^[A-Za-z0-9_-]+$/.test(String(key))) text += text === '' ? String(key) : `.${String(key)}`
    else text += `[${JSON.stringify(printable(String(key), 80))}]`
  }
  return text
}
