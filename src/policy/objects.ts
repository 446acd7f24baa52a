import type { Findings } from '../config/findings.ts'
import type { ObjectsConfig } from '../config/objects-schema.ts'
import { OPERATIONS, type OperationId } from '../engine/operations.ts'
import { compileAll } from './profile/compiler.ts'
import type { ObjectsRule, Quotas, Role } from './types.ts'

/** What prunes by owner, and what is about no object of the engine. */
const OWNABLE_ADMIN: readonly OperationId[] = [
  'ContainerPrune',
  'ImagePrune',
  'NetworkPrune',
  'VolumePrune',
  'SystemAuth',
]

/** Operations on what belongs to the engine as a whole, so to no owner: they never work for own objects. */
const UNOWNABLE: ReadonlySet<OperationId> = new Set(
  OPERATIONS.filter(({ access, id }) => access === 'admin' && !OWNABLE_ADMIN.includes(id)).map(({ id }) => id),
)

const ONLY_WITH_OWN = ['images', 'quotas', 'lifetime', 'endsWith'] as const

/** Compiles what a role says about whose objects it is for; null: everybody's. A key without effect is a problem. */
export function compileObjects(
  config: ObjectsConfig,
  path: readonly PropertyKey[],
  findings: Findings,
): ObjectsRule | null {
  const { objects = 'all', images, quotas, lifetime, endsWith } = config
  if (objects === 'all') {
    for (const key of ONLY_WITH_OWN) {
      if (config[key] === undefined) continue
      const other = key === 'images' ? '; which images may be run is workload.images' : ''
      findings.problem([...path, key], `is for roles with objects: own only: add that, or remove this${other}`, {
        atKey: true,
      })
    }
    return null
  }
  return {
    names: objects === 'prefixed' ? 'prefixed' : 'plain',
    sharedImages: compileAll(images?.shared, 'reference', { path: [...path, 'images', 'shared'], findings }),
    quotas: compileQuotas(quotas),
    lifetime: lifetime ?? Number.POSITIVE_INFINITY,
    endsWithToken: endsWith === 'token',
  }
}

function compileQuotas(config: ObjectsConfig['quotas'] = {}): Quotas {
  const any = Number.POSITIVE_INFINITY
  const { containers = any, running = any, volumes = any, networks = any, images = any, memory = any, cpus } = config
  const nanoCpus = cpus === undefined ? any : Math.round(cpus * 1e9)
  return { containers, running, volumes, networks, images, memory, nanoCpus }
}

/** Operations that the role allows and that never work under it, as they are about nothing that has an owner. */
export function neverWorks({ objects, operations }: Pick<Role, 'objects' | 'operations'>): OperationId[] {
  return objects === null ? [] : [...operations].filter((id) => UNOWNABLE.has(id))
}
