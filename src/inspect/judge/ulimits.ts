import type { Ulimit } from '../../config/profile-schema.ts'
import type { FieldValue } from '../fields.ts'
import { finding, listing, shown } from './findings.ts'
import { most, UNLIMITED } from './quantities.ts'
import type { Finding, WorkloadContext } from './types.ts'
import { items, member, numberOf, textOf } from './values.ts'

/** Resource limits of processes, soft and hard, each by its name in lower case; the engine would take any case. */
export function judgeUlimits(field: FieldValue, { workload: { limits } }: WorkloadContext): readonly Finding[] {
  return items(field).flatMap((ulimit) => {
    const name = member(ulimit, 'Name')
    const maximum = limits.ulimits.get(textOf(name) as Ulimit)
    if (maximum === undefined) {
      return [
        finding(name, shown(textOf(name)), 'limits.ulimits', listing('limits.ulimits', [...limits.ulimits.keys()])),
      ]
    }
    return ['Soft', 'Hard']
      .map((which) => member(ulimit, which))
      .filter((value) => (numberOf(value) < 0 ? UNLIMITED : numberOf(value)) > maximum)
      .map((value) =>
        finding(value, shown(value.value), 'limits.ulimits', `${textOf(name)}: ${most('count', maximum)}`),
      )
  })
}
