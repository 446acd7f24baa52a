import type { FieldValue } from '../fields.ts'
import { finding, listing, shown } from './findings.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { isOfService, member, textOf } from './values.ts'

const NONE: ReadonlySet<string> = new Set(['', 'no'])
const OF_CONTAINERS: ReadonlySet<string> = new Set(['on-failure', 'unless-stopped', 'always'])

/** What services may have: the engine's default is `any`, and the others are less. */
const OF_SERVICES: ReadonlySet<string> = new Set(['', 'none', 'on-failure', 'any'])

/** Restart policies of containers, at create and update, and of services. */
export const judgeRestart: WorkloadJudge = (fields, context) =>
  fields.flatMap((field) => (isOfService(field) ? judgeService(field) : judge(field, context)))

function judge(field: FieldValue, { workload }: WorkloadContext): readonly Finding[] {
  const restart: ReadonlySet<string> = workload.restart
  const policy = member(field, 'Name')
  if (NONE.has(textOf(policy)) || restart.has(textOf(policy))) return []
  const there = 'there are no, on-failure, unless-stopped and always'
  const why = OF_CONTAINERS.has(textOf(policy)) ? listing('restart', [...restart]) : there
  return [finding(policy, shown(policy.value), 'restart', why)]
}

function judgeService(field: FieldValue): readonly Finding[] {
  const condition = member(field, 'Condition')
  if (OF_SERVICES.has(textOf(condition))) return []
  return [finding(condition, shown(condition.value), 'restart', 'there are none, on-failure and any')]
}
