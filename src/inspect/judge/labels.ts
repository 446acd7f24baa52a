import { matchesAny } from '../../policy/profile/pattern.ts'
import { quoted } from '../../text.ts'
import type { FieldValue } from '../fields.ts'
import { finding, lacking, listing, missing } from './findings.ts'
import { partOf } from './places.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { entries, member } from './values.ts'

/** The gate's own labels tell whose an object is. */
const OWN_PREFIX = 'io.dockgate.'

/** Labels of containers, services and all that is made beside them. */
export const judgeLabels: WorkloadJudge = (fields, context) => [
  ...fields.flatMap(entries).flatMap(([name, field]) => judgeLabel(name, field, context)),
  ...judgeRequired(context),
]

/** Whether one label may be set. What it says is never shown. */
export function judgeLabel(
  name: string,
  field: FieldValue,
  { workload, principal }: WorkloadContext,
): readonly Finding[] {
  const refuse = (why: string) => [finding(field, quoted(name, 80), 'labels', why)]
  if (isOwn(name)) return refuse(`labels that begin with ${OWN_PREFIX} are the gate's own`)
  if (workload.labels === null) return refuse(lacking('labels'))
  const { reserved } = workload.labels
  if (!matchesAny(reserved, name, principal)) return []
  return refuse(`among the reserved labels ${listing('labels.reserved', reserved)}`)
}

/** In any case, so that none is taken for the gate's. */
function isOwn(name: string): boolean {
  return `${name.toLowerCase()}.`.startsWith(OWN_PREFIX)
}

function judgeRequired(context: WorkloadContext): readonly Finding[] {
  const labels = partOf('labels', context)
  if (labels === null) return []
  return (context.workload.labels?.required ?? []).flatMap(({ name, value }) => {
    const label = member(labels, name)
    if (typeof label.value === 'string' && value.matches(label.value, context.principal)) return []
    return [missing(labels, 'labels.required', `the label ${name} must be stated as ${value.text}`)]
  })
}
