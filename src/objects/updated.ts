import type { OperationId } from '../engine/operations.ts'
import type { Operation } from '../engine/types.ts'
import type { CheckedRequest } from '../inspect/inspect.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../inspect/json/value.ts'
import { at, edited, objectFrom, textAt } from './edit.ts'
import type { OwnedKind } from './lookup.ts'
import { bodyOf, type World, withBody, withOperation } from './request.ts'
import { isGateLabel } from './stamps.ts'
import { parameterOf, renamed } from './twin.ts'
import type { Owner } from './types.ts'

/*
 * Updates in which a client sends the whole of an object, with the labels that it read: swarm replaces what there was.
 * So the gate's own labels come back, and must be on what is sent, whatever the client made of them.
 */

const CONTAINER = ['TaskTemplate', 'ContainerSpec'] as const
const MOUNTS = [...CONTAINER, 'Mounts'] as const
const MOUNT_LABELS = ['VolumeOptions', 'Labels'] as const

interface Update {
  readonly kind: OwnedKind
  /** Where labels stand, in the body as in the Spec that the engine tells. */
  readonly labels: readonly (readonly string[])[]
}

const UPDATES: Partial<Record<OperationId, Update>> = {
  ServiceUpdate: { kind: 'service', labels: [['Labels'], [...CONTAINER, 'Labels']] },
  SecretUpdate: { kind: 'secret', labels: [['Labels']] },
  ConfigUpdate: { kind: 'config', labels: [['Labels']] },
}

/**
 * The body of an update without the gate's own labels where they say what the object's say. Those that say anything else
 * stay, for the judge to refuse; so do all where there is no such object.
 *
 * @param owner null: of somebody who sees everybody's
 */
export async function withoutReturned(
  operation: Operation,
  body: JsonValue,
  world: World,
  owner: Owner | null,
): Promise<JsonValue> {
  const update = UPDATES[operation.spec.id]
  if (update === undefined) return body
  const name = parameterOf(operation, 'id')
  const told =
    owner === null
      ? await inspected(update.kind, name, world)
      : ((await world.lookup(update.kind, name, owner))?.inspected ?? null)
  return told === null ? body : relabelled(body, at(told, 'Spec') ?? null, update, withoutEqual)
}

/** An update by somebody who sees everybody's: whose the object is stays. Any other request as it is. */
export async function updated(checked: CheckedRequest, world: World): Promise<CheckedRequest> {
  const update = UPDATES[checked.operation.spec.id]
  if (update === undefined) return checked
  const told = await inspected(update.kind, parameterOf(checked.operation, 'id'), world)
  if (told === null) return checked
  const byId = withOperation(checked, renamed(checked.operation, 'id', textAt(told, 'ID')))
  return relabelledAs(byId, told)
}

/** An update of an object with the gate's own labels that the object has, and no others. */
export function relabelledAs(checked: CheckedRequest, told: JsonObject): CheckedRequest {
  const update = UPDATES[checked.operation.spec.id]
  if (update === undefined) throw new Error(`${checked.operation.spec.id} replaces no labels`)
  return withBody(checked, relabelled(bodyOf(checked), at(told, 'Spec') ?? null, update, withCurrent))
}

async function inspected(kind: OwnedKind, name: string, world: World): Promise<JsonObject | null> {
  const { status, body } = await world.inspect(kind, name)
  return status === 200 && isJsonObject(body) ? body : null
}

/** Null: the labels stay as they are, or are not there. */
type Change = (given: JsonObject | null, current: JsonObject) => JsonObject | null

/**
 * A body with its labels changed, by those that stand in the same place of the Spec. A mount is the one with its target; a
 * new one stays as it is.
 */
function relabelled(body: JsonValue, spec: JsonValue, { labels }: Update, change: Change): JsonValue {
  let sent = body
  for (const path of labels) sent = changedAt(sent, spec, path, change)
  const mounts = at(sent, ...MOUNTS) ?? null
  if (!isJsonArray(mounts) || mounts.length === 0) return sent
  const current = at(spec, ...MOUNTS) ?? null
  const before = isJsonArray(current) ? current : []
  return edited(sent, MOUNTS, () =>
    mounts.map((mount) => {
      const same = before.find((each) => textAt(each, 'Target') === textAt(mount, 'Target'))
      return same === undefined ? mount : changedAt(mount, same, MOUNT_LABELS, change)
    }),
  )
}

function changedAt(body: JsonValue, spec: JsonValue, path: readonly string[], change: Change): JsonValue {
  const given = at(body, ...path) ?? null
  const current = at(spec, ...path) ?? null
  if (given !== null && !isJsonObject(given)) return body
  const known = isJsonObject(current) ? Object.entries(current).filter(([name]) => isGateLabel(name)) : []
  const labels = change(given, objectFrom(known))
  return labels === null ? body : edited(body, path, () => labels)
}

const withoutEqual: Change = (given, current) => {
  if (given === null) return null
  const equals = (name: string, value: JsonValue) => Object.hasOwn(current, name) && current[name] === value
  return objectFrom(Object.entries(given).filter(([name, value]) => !equals(name, value)))
}

const withCurrent: Change = (given, current) => {
  const own = Object.entries(current)
  if (given === null && own.length === 0) return null
  return objectFrom([...Object.entries(given ?? {}).filter(([name]) => !isGateLabel(name)), ...own])
}
