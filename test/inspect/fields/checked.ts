import { expect } from 'vitest'
import { BODY_FIELDS } from '../../../src/engine/fields/bodies.ts'
import type { OperationId } from '../../../src/engine/operations.ts'
import { type CheckedFields, checkFields } from '../../../src/inspect/fields.ts'
import { parseJson } from '../../../src/inspect/json/parse.ts'
import { serialiseJson } from '../../../src/inspect/json/serialise.ts'

/** The body of an operation, held against its table. */
export function check(operation: string, body: string): CheckedFields {
  const field = BODY_FIELDS.get(operation as OperationId)
  if (field === undefined) throw new Error(`${operation} has no table`)
  return checkFields(field, parseJson(Buffer.from(body)))
}

/** The body of a container's create. */
export function create(body: string): CheckedFields {
  return check('ContainerCreate', body)
}

/** A create with these members of HostConfig. */
export function hostConfig(members: string): CheckedFields {
  return create(`{"HostConfig":{${members}}}`)
}

export function unknownIn(checked: CheckedFields): string[] {
  return checked.unknown.map(({ path }) => path)
}

/** `HostConfig.Binds: workload.mounts`, for each field that asks for something. */
export function asked(checked: CheckedFields): string[] {
  expect([...checked.unknown, ...checked.wrongType]).toEqual([])
  const bounded = [...checked.bounded].flatMap(([part, fields]) => fields.map(({ path }) => `${path}: ${part}`))
  return [...checked.host.map(({ path }) => `${path}: host`), ...bounded].sort()
}

/** What would be sent to the engine. */
export function sent(checked: CheckedFields): string {
  expect([...checked.unknown, ...checked.wrongType]).toEqual([])
  return serialiseJson(checked.value).toString()
}
