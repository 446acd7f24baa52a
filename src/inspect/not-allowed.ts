import { Refusal } from '../refusal.ts'
import type { Finding } from './judge/types.ts'

/** More are of no use to a person at a prompt. */
const MOST_SHOWN = 12
/** Nor in a record: a body may hold twenty thousand. */
const MOST_KEPT = 64

/** A request that the role allows to be made, and not with what it asks for. */
export class NotAllowed extends Refusal {
  /** The first of them. */
  readonly findings: readonly Finding[]

  /** All findings are said at once: who learns of one at a time gives up at the third. */
  constructor(operation: string, role: string, findings: readonly Finding[]) {
    const shown = findings.slice(0, MOST_SHOWN).map((finding) => `\n  ${describeFinding(finding, role)}`)
    const more = findings.length > MOST_SHOWN ? `\n  and ${findings.length - MOST_SHOWN} more` : ''
    super('request-not-allowed', `role "${role}" does not allow this ${operation}:${shown.join('')}${more}\n`)
    this.name = 'NotAllowed'
    this.findings = findings.slice(0, MOST_KEPT)
  }
}

/** `HostConfig.Privileged: asked for true; …; an operator allows it with roles.ci.workload.privileged`. */
function describeFinding({ field, asked, key, why }: Finding, role: string): string {
  return `${field}: asked for ${asked}; ${why}. An operator allows it with roles.${role}.${key}`
}
