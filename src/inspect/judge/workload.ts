import type { BoundedBy } from '../../engine/fields/types.ts'
import type { CheckedFields, FieldValue } from '../fields.ts'
import { judgeAutoRemove } from './auto-remove.ts'
import { judgeCapabilities } from './capabilities.ts'
import { judgeDevices } from './devices.ts'
import { shown } from './findings.ts'
import { judgeGpus } from './gpus.ts'
import { judgeHostFields } from './host-fields.ts'
import { judgeHostNamespaces } from './host-namespaces.ts'
import { judgeImages } from './images.ts'
import { judgeLabels } from './labels.ts'
import { judgeLimits } from './limits.ts'
import { judgeLogDrivers } from './log-drivers.ts'
import { judgeMounts } from './mounts.ts'
import { judgeNetworks } from './networks.ts'
import { madeBy } from './places.ts'
import { judgePorts } from './ports.ts'
import { judgePrivileged } from './privileged.ts'
import { judgeRestart } from './restart.ts'
import { judgeRuntimes } from './runtimes.ts'
import { judgeSecurityOptions } from './security-options.ts'
import { judgeSysctls } from './sysctls.ts'
import { judgeTmpfs } from './tmpfs.ts'
import type { Finding, JudgeContext, WorkloadJudge } from './types.ts'
import { judgeUnknownFields } from './unknown-fields.ts'
import { judgeUser } from './user.ts'
import { judgeVolumes } from './volumes.ts'

type WorkloadKey = Extract<BoundedBy, `workload.${string}`>

/** The judge of each part of a workload. */
const JUDGES: Readonly<Record<WorkloadKey, WorkloadJudge>> = {
  'workload.images': judgeImages,
  'workload.privileged': judgePrivileged,
  'workload.mounts': judgeMounts,
  'workload.volumes': judgeVolumes,
  'workload.tmpfs': judgeTmpfs,
  'workload.networks': judgeNetworks,
  'workload.hostNamespaces': judgeHostNamespaces,
  'workload.ports': judgePorts,
  'workload.capabilities': judgeCapabilities,
  'workload.securityOptions': judgeSecurityOptions,
  'workload.devices': judgeDevices,
  'workload.gpus': judgeGpus,
  'workload.runtimes': judgeRuntimes,
  'workload.sysctls': judgeSysctls,
  'workload.user': judgeUser,
  'workload.logDrivers': judgeLogDrivers,
  'workload.restart': judgeRestart,
  'workload.limits': judgeLimits,
  'workload.labels': judgeLabels,
  'workload.autoRemove': judgeAutoRemove,
}

const ENTRIES = Object.entries(JUDGES) as ReadonlyArray<[WorkloadKey, WorkloadJudge]>

const NONE: readonly FieldValue[] = []

/** Volumes without a name, and the network in the path, are asked for without a field. */
const ASK_BY_THEMSELVES: ReadonlySet<string> = new Set(['VolumeCreate', 'NetworkConnect'])

/** More are of no use to a person. */
const MOST_FINDINGS = 64

/**
 * Everything in a checked body that the role's workload does not allow: nothing where all is allowed. The body of the
 * context is the same one after `fillDefaults`. What other parts of the role bound (`exec`, `objects`, …) is not judged
 * here, and a body in which something has the wrong type is never to come here.
 */
export function judgeWorkload(checked: CheckedFields, context: JudgeContext): readonly Finding[] {
  return [
    ...judgeUnknownFields(checked.unknown, context),
    ...judgeHostFields(checked.host, context),
    ...judgeBounded(checked, context),
  ].slice(0, MOST_FINDINGS)
}

function judgeBounded({ bounded }: CheckedFields, context: JudgeContext): readonly Finding[] {
  const { workload } = context.profile
  if (workload === null) return judgeWithoutWorkload(bounded, context)
  const known = { ...context, workload }
  return ENTRIES.flatMap(([key, judge]) => judge(bounded.get(key) ?? NONE, known))
}

function judgeWithoutWorkload(bounded: CheckedFields['bounded'], context: JudgeContext): readonly Finding[] {
  const why = 'the role has no workload'
  const asked = ENTRIES.flatMap(([key]) =>
    (bounded.get(key) ?? NONE).map((field) => ({ field: field.path, asked: shown(field.value), key, why })),
  )
  if (asked.length > 0 || (madeBy(context) === null && !ASK_BY_THEMSELVES.has(context.operation.spec.id))) return asked
  return [{ field: '(body)', asked: context.operation.spec.id, key: 'workload', why }]
}
