import { allowsCapability, normaliseCapability } from '../../policy/profile/capability.ts'
import { finding, listing, shown } from './findings.ts'
import type { WorkloadJudge } from './types.ts'
import { items, textOf } from './values.ts'

/** What the engine gives every container (moby's `caps.DefaultCapabilities`, Docker Engine 20.10 to 29). */
export const DEFAULT_CAPABILITIES: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

/** Linux capabilities: the default ones, which are often dropped all and added one by one, and those of the role. */
export const judgeCapabilities: WorkloadJudge = (fields, { workload }) =>
  fields
    .flatMap(items)
    .filter((field) => !isAllowed(textOf(field), workload.capabilities))
    .map((field) => finding(field, shown(field.value), 'capabilities', why(textOf(field), workload.capabilities)))

/** A role that lists ALL would be no answer to a misspelt name. */
function why(asked: string, allowed: ReadonlySet<string>): string {
  if (normaliseCapability(asked) === null) return 'it is no capability that this program knows'
  return listing('capabilities', [...allowed])
}

function isAllowed(asked: string, allowed: ReadonlySet<string>): boolean {
  const name = normaliseCapability(asked)
  return name !== null && (DEFAULT_CAPABILITIES.has(name) || allowsCapability(allowed, asked))
}
