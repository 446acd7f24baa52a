/** danger: somebody can become root on the host who should not. warning: one step from it, or it breaks. note: to know. */
export const SEVERITIES = ['danger', 'warning', 'note'] as const

export type Severity = (typeof SEVERITIES)[number]

/** What to do about a finding. */
export interface Change {
  /** The file to write to; null when there is none to write. */
  readonly file: string | null
  /** What to write there. */
  readonly write: readonly string[]
  /** Commands for a root shell, after that. */
  readonly run: readonly string[]
  /** In words, when lines and commands do not say it all. */
  readonly text: string | null
}

export interface Finding {
  /** Stable, for programs: `tcp-plain`. */
  readonly id: string
  readonly severity: Severity
  /** Where it was found: `file:line`, a path, or an address. */
  readonly where: string
  readonly what: string
  /** One sentence. */
  readonly why: string
  readonly change: Change
}

/** A change from the parts that it has. */
export function change({ file = null, write = [], run = [], text = null }: Partial<Change>): Change {
  return { file, write, run, text }
}
