import { matchesAny, type Pattern } from '../../policy/profile/pattern.ts'
import type { FieldValue } from '../fields.ts'
import { isJsonArray } from '../json/value.ts'
import { shown } from './findings.ts'
import type { Finding, JudgeContext } from './types.ts'
import { items } from './values.ts'

/** Host-level fields whose text may be shown: the others may hold keys, tokens and passwords. */
const SHOWN: ReadonlySet<string> = new Set([
  ...['CgroupParent', 'HostConfig.CgroupParent', 'HostConfig.VolumesFrom', 'HostConfig.InitPath'],
  ...['CheckpointDir', 'CheckpointID', 'Driver.Name', 'TaskTemplate.Runtime', 'TaskTemplate.Placement.Constraints'],
])

/** Fields that reach the host itself: allowed where the role lists them by name. */
export function judgeHostFields(
  fields: readonly FieldValue[],
  { profile, principal }: JudgeContext,
): readonly Finding[] {
  const listed = profile.workload?.hostFields ?? []
  return fields
    .filter((field) => !matchesAny(listed, field.name, principal))
    .map((field) => ({
      field: field.path,
      asked: askedFor(field),
      key: 'workload.hostFields',
      why: whyNot(listed, field.name),
    }))
}

function askedFor(field: FieldValue): string {
  const { value, name } = field
  const text =
    typeof value === 'string' ||
    (value !== null && isJsonArray(value) && items(field).some(({ value: item }) => typeof item === 'string'))
  return text && !SHOWN.has(name) ? 'a value that is not shown' : shown(value)
}

function whyNot(listed: readonly Pattern[], name: string): string {
  const others = listed.length === 0 ? '' : ' as well'
  return `it reaches the host itself; the role would have to list ${name}${others}`
}
