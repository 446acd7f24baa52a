import { matchesAny } from '../../policy/profile/pattern.ts'
import type { WorkloadProfile } from '../../policy/profile/types.ts'
import type { FieldValue } from '../fields.ts'
import { finding, lacking, listing, shown } from './findings.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { items, lastName, member, numberOf, textOf } from './values.ts'

type GpuRule = NonNullable<WorkloadProfile['gpus']>

/**
 * What the driver that the engine chooses may be asked to do (NVIDIA's container runtime). Another capability chooses the
 * driver of that name, `cdi` say (moby's `handleDevice`).
 */
const CAPABILITIES: ReadonlySet<string> = new Set([
  ...['gpu', 'nvidia', 'compute', 'compat32', 'display', 'graphics', 'ngx', 'utility', 'video'],
])

/** Device requests of containers, and generic resources of services. */
export const judgeGpus: WorkloadJudge = (fields, context) => fields.flatMap((field) => judge(field, context))

function judge(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const { gpus } = context.workload
  if (gpus === null) return [finding(field, shown(field.value), 'gpus', lacking('gpus'))]
  const generic = lastName(field) === 'GenericResources'
  const requests = items(field)
  return [
    ...requests.flatMap((request) =>
      generic ? judgeNamed(request, gpus, context) : judgeRequest(request, gpus, context),
    ),
    ...judgeCount(
      requests.map((request) => (generic ? member(request, 'DiscreteResourceSpec', 'Value') : countOf(request))),
      gpus,
    ),
  ]
}

function judgeRequest(request: FieldValue, gpus: GpuRule, context: WorkloadContext): readonly Finding[] {
  const driver = member(request, 'Driver')
  const named = textOf(driver) === '' ? items(member(request, 'Capabilities')).flatMap(items) : [driver]
  const drivers = named.filter((name) => name === driver || !CAPABILITIES.has(textOf(name)))
  return [
    ...drivers
      .filter((name) => !matchesAny(gpus.drivers, textOf(name), context.principal))
      .map((name) => finding(name, shown(name.value), 'gpus.drivers', listing('gpus.drivers', gpus.drivers))),
    ...items(member(request, 'DeviceIDs')).flatMap((id) => judgeId(id, gpus, context)),
  ]
}

function judgeNamed(request: FieldValue, gpus: GpuRule, context: WorkloadContext): readonly Finding[] {
  const id = member(request, 'NamedResourceSpec', 'Value')
  return textOf(id) === '' ? [] : judgeId(id, gpus, context)
}

/** NVIDIA's driver takes a list with commas, and `all`, which counts as such. */
function judgeId(id: FieldValue, { devices }: GpuRule, { principal }: WorkloadContext): readonly Finding[] {
  const text = textOf(id)
  if (text === 'all' || (!text.includes(',') && matchesAny(devices, text, principal))) return []
  return [finding(id, shown(text), 'gpus.devices', listing('gpus.devices', devices))]
}

/** The field that says how many, -1 of which are all of them. */
function countOf(request: FieldValue): FieldValue {
  const all = items(member(request, 'DeviceIDs')).find((id) => textOf(id) === 'all')
  return all ?? member(request, 'Count')
}

function judgeCount(counts: readonly FieldValue[], { count }: GpuRule): readonly Finding[] {
  let sum = 0
  return counts.flatMap((field) => {
    const asked = textOf(field) === 'all' || numberOf(field) < 0 ? Number.POSITIVE_INFINITY : numberOf(field)
    sum += asked
    if (asked === 0 || sum <= count) return []
    return [finding(field, shown(field.value), 'gpus.count', count === 0 ? lacking('gpus.count') : `at most ${count}`)]
  })
}
