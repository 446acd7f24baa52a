import { matchesAny } from '../../policy/profile/pattern.ts'
import { finding, listing, shown } from './findings.ts'
import type { WorkloadJudge } from './types.ts'
import { entries } from './values.ts'

/** Kernel parameters by name, whatever the value. */
export const judgeSysctls: WorkloadJudge = (fields, { workload, principal }) =>
  fields
    .flatMap(entries)
    .filter(([name]) => !matchesAny(workload.sysctls, name, principal))
    .map(([, field]) => finding(field, shown(field.value), 'sysctls', listing('sysctls', workload.sysctls)))
