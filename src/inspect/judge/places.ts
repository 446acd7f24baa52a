import type { FieldValue } from '../fields.ts'
import type { JudgeContext } from './types.ts'
import { member, textOf, wholeOf } from './values.ts'

/*
 * Where things stand in the bodies from which containers are made.
 */

export type Body = Pick<JudgeContext, 'operation' | 'body'>

/** What containers and services have under different names. */
interface Places {
  readonly image: readonly string[]
  readonly user: readonly string[]
  /** Labels by which the container, or the service, is found. */
  readonly labels: readonly string[]
  readonly mounts: readonly string[]
  readonly ulimits: readonly string[]
}

const CONTAINER: Places = {
  image: ['Image'],
  user: ['User'],
  labels: ['Labels'],
  mounts: ['HostConfig', 'Mounts'],
  ulimits: ['HostConfig', 'Ulimits'],
}
const SPEC = ['TaskTemplate', 'ContainerSpec'] as const
const SERVICE: Places = {
  image: [...SPEC, 'Image'],
  user: [...SPEC, 'User'],
  labels: ['Labels'],
  mounts: [...SPEC, 'Mounts'],
  ulimits: [...SPEC, 'Ulimits'],
}

/** What the body makes: a container, the containers of a service, or none. */
export function madeBy({ operation, body }: Body): 'container' | 'service' | null {
  switch (operation.spec.id) {
    case 'ContainerCreate':
      return 'container'
    case 'ServiceCreate':
    case 'ServiceUpdate':
      // Plugins and attachments have no container; that they are asked for is host-level.
      return ['', 'container'].includes(textOf(member(wholeOf(body), 'TaskTemplate', 'Runtime'))) ? 'service' : null
    default:
      return null
  }
}

/** The path to a part of what the body makes; null where it makes no containers. */
export function pathOf(part: keyof Places, body: Body): readonly string[] | null {
  const made = madeBy(body)
  if (made === null) return null
  return (made === 'container' ? CONTAINER : SERVICE)[part]
}

/** A part of what the body makes; null where it makes no containers. */
export function partOf(part: keyof Places, context: Body): FieldValue | null {
  const path = pathOf(part, context)
  return path === null ? null : member(wholeOf(context.body), ...path)
}
