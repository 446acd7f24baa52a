/** danger: somebody can become root on the host who should not. warning: one step from it, or it breaks. note: to know. */
export const SEVERITIES = ['danger', 'warning', 'note'] as const

export type Severity = (typeof SEVERITIES)[number]

/** What may be found; docs/doctor.md has a row for each. Programs go by these words. */
export const FINDING_IDS = [
  'tcp-plain',
  'tcp-plain-local',
  'tcp-unverified',
  'tcp-verified',
  'listening-unnamed',
  'swarm-port',
  'socket-mode',
  'socket-unit-mode',
  'socket-owner',
  'socket-none',
  'group-members',
  'key-mode',
  'authority-bundle',
  'authority-key-here',
  'tls-file-missing',
  'certificate-expired',
  'certificate-expires',
  'certificate-long',
  'certificate-broken',
  'configured-twice',
  'daemon-json-broken',
  'exec-start-twice',
  'service-masked',
  'options-unused',
  'engine-old',
  'engine-api-unknown',
  'engine-rootless',
  'engine-silent',
  'authorization-plugin',
  'gate-config',
  'gate-other-engine',
  'gate-port-taken',
  'no-userns-remap',
  'icc',
  'no-live-restore',
  'unread',
] as const

export type FindingId = (typeof FINDING_IDS)[number]

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
  readonly id: FindingId
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
