import { matchesAny } from '../../policy/profile/pattern.ts'
import { finding, listing, shown } from './findings.ts'
import type { WorkloadJudge } from './types.ts'
import { textOf } from './values.ts'

/** OCI runtimes by name. `runc` too: where another one is the default, it may be for the isolation. */
export const judgeRuntimes: WorkloadJudge = (fields, { workload, principal }) =>
  fields
    .filter((field) => !matchesAny(workload.runtimes, textOf(field), principal))
    .map((field) => finding(field, shown(field.value), 'runtimes', listing('runtimes', workload.runtimes)))
