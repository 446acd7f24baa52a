import { finding, lacking } from './findings.ts'
import type { WorkloadJudge } from './types.ts'

/** Containers that remove themselves. */
export const judgeAutoRemove: WorkloadJudge = (fields, { workload }) =>
  workload.autoRemove ? [] : fields.map((field) => finding(field, 'true', 'autoRemove', lacking('autoRemove')))
