import { finding, lacking } from './findings.ts'
import type { WorkloadJudge } from './types.ts'

/** A privileged container is root on the host. */
export const judgePrivileged: WorkloadJudge = (fields, { workload }) =>
  workload.privileged ? [] : fields.map((field) => finding(field, 'true', 'privileged', lacking('privileged')))
