import type { OperationId } from '../engine/operations.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import { parseJson } from '../inspect/json/parse.ts'
import { serialiseJson } from '../inspect/json/serialise.ts'
import { retarget } from '../inspect/judge/query-request.ts'
import { bodyOf, withBody, withOperation } from './request.ts'
import { type Stamps, stamped } from './stamps.ts'

/** Where what is made gets its labels: members of the body. */
const LABELS: Partial<Record<OperationId, readonly (readonly string[])[]>> = {
  ContainerCreate: [['Labels']],
  NetworkCreate: [['Labels']],
  VolumeCreate: [['Labels']],
  ImageCommit: [['Labels']],
  SecretCreate: [['Labels']],
  ConfigCreate: [['Labels']],
  // The tasks' containers inherit from their image otherwise.
  ServiceCreate: [['Labels'], ['TaskTemplate', 'ContainerSpec', 'Labels']],
}

/** A request to make something, with the gate's labels on it; any other request as it is. */
export function made(checked: CheckedRequest, stamps: Stamps): CheckedRequest {
  const { id } = checked.operation.spec
  if (id === 'ImageBuild') return builtWith(checked, stamps)
  const places = LABELS[id]
  if (places === undefined) return checked
  let body = bodyOf(checked)
  for (const place of places) body = stamped(body, place, stamps)
  return withBody(checked, body)
}

/** The engine writes the labels of the query behind those of the Dockerfile, so they count. */
function builtWith(checked: CheckedRequest, stamps: Stamps): CheckedRequest {
  const { operation } = checked
  const given = operation.query.find(([name, value]) => name === 'labels' && value !== '')?.[1]
  const labels = stamped(
    { labels: given === undefined ? null : parseJson(Buffer.from(given)) },
    ['labels'],
    stamps,
  ).labels
  const others = operation.query.filter(([name]) => name !== 'labels')
  const text = serialiseJson(labels ?? null).toString()
  return withOperation(checked, retarget(operation, [...others, ['labels', text]]))
}
