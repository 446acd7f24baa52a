import type { FieldValue } from '../fields.ts'
import { finding, listing, shown, unlessHostField } from './findings.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { lastName, textOf } from './values.ts'

/** As the role's `hostNamespaces` names them. */
const NAMESPACES: ReadonlyMap<string, string> = new Map([
  ['PidMode', 'pid'],
  ['IpcMode', 'ipc'],
  ['UTSMode', 'uts'],
  ['UsernsMode', 'user'],
  ['CgroupnsMode', 'cgroup'],
])

/** Namespaces of the container's own; with `shareable`, others may join. */
const OWN: ReadonlySet<string> = new Set(['', 'private', 'shareable', 'none'])

/** Namespaces other than the network's, which stands among the networks. */
export const judgeHostNamespaces: WorkloadJudge = (fields, context) => fields.flatMap((field) => judge(field, context))

function judge(field: FieldValue, context: WorkloadContext): readonly Finding[] {
  const mode = textOf(field)
  const namespace = NAMESPACES.get(lastName(field))
  if (namespace !== undefined && OWN.has(mode)) return []
  if (namespace !== undefined && mode === 'host') return judgeHostNamespace(field, namespace, context)
  return unlessHostField(field, shown(mode), 'a namespace of another container is not bounded by its name', context)
}

/** Sharing a namespace with the host. */
export function judgeHostNamespace(
  field: FieldValue,
  namespace: string,
  { workload }: WorkloadContext,
): readonly Finding[] {
  const hostNamespaces: ReadonlySet<string> = workload.hostNamespaces
  if (hostNamespaces.has(namespace)) return []
  return [finding(field, shown(field.value), 'hostNamespaces', listing('hostNamespaces', [...hostNamespaces]))]
}
