import { BODY_FIELDS } from '../../../src/engine/fields/bodies.ts'
import type { BoundedBy, Field, Judgement } from '../../../src/engine/fields/types.ts'

/*
 * Walking the tables by paths as the facts write them: `*` is any item of a list and any key of a map.
 */

/** A field with the fields around it, the outermost first. */
export interface Found {
  readonly path: string
  readonly around: readonly Field[]
  readonly field: Field
}

/** What the table has at a path; `ignored` for what is accepted and not forwarded, null for nothing. */
export function lookUp(operation: string, path: string): Found | 'ignored' | null {
  const root = bodyOf(operation)
  if (root === null) return null
  const around: Field[] = []
  let field: Field = root
  for (const step of path.split('/').slice(1)) {
    if (field.type === 'object' && field.ignored.has(step)) return 'ignored'
    const inner = inside(field, step)
    if (inner === null) return null
    around.push(field)
    field = inner
  }
  return { path, around, field }
}

function bodyOf(operation: string): Field | null {
  return [...BODY_FIELDS].find(([id]) => id === operation)?.[1] ?? null
}

function inside(field: Field, step: string): Field | null {
  switch (field.type) {
    case 'object':
      return field.fields.get(field.aliases.get(step) ?? step) ?? null
    case 'map':
      return step === '*' ? field.values : null
    case 'list':
      return step === '*' ? field.items : null
    default:
      return null
  }
}

/** The field and everything below it. */
function everything(field: Field, path = '', around: readonly Field[] = []): Found[] {
  return [
    { path, around, field },
    ...below(field).flatMap(([step, inner]) => everything(inner, `${path}/${step}`, [...around, field])),
  ]
}

/** Every field of every body, with its operation. */
export function allFields(): Array<Found & { readonly operation: string }> {
  return [...BODY_FIELDS].flatMap(([operation, body]) => everything(body).map((found) => ({ operation, ...found })))
}

function below(field: Field): Array<readonly [string, Field]> {
  switch (field.type) {
    case 'object':
      return [...field.fields]
    case 'map':
      return [['*', field.values]]
    case 'list':
      return [['*', field.items]]
    default:
      return []
  }
}

/** That nothing passes here unseen: the field is judged, or the list or map that it is an entry of, or all it holds. */
export function isJudged({ field, around }: Found): boolean {
  if (field.judge !== 'harmless') return true
  const outer = around.at(-1)
  if (outer !== undefined && (outer.type === 'list' || outer.type === 'map') && outer.judge !== 'harmless') return true
  const held = below(field)
  return (
    held.length > 0 && held.every(([step, inner]) => isJudged({ path: step, around: [...around, field], field: inner }))
  )
}

/** Every part of a role: a key that is missing here does not compile. */
const EVERY_PART: Readonly<Record<BoundedBy, true>> = {
  'workload.images': true,
  'workload.mounts': true,
  'workload.volumes': true,
  'workload.tmpfs': true,
  'workload.networks': true,
  'workload.capabilities': true,
  'workload.devices': true,
  'workload.gpus': true,
  'workload.hostNamespaces': true,
  'workload.privileged': true,
  'workload.runtimes': true,
  'workload.securityOptions': true,
  'workload.sysctls': true,
  'workload.ports': true,
  'workload.user': true,
  'workload.logDrivers': true,
  'workload.restart': true,
  'workload.limits': true,
  'workload.labels': true,
  'workload.autoRemove': true,
  'exec.users': true,
  'exec.privileged': true,
  'exec.commands': true,
  'exec.environment': true,
  'build.networks': true,
  'build.remotes': true,
  'build.arguments': true,
  'build.cacheFrom': true,
  'build.outputs': true,
  'build.tags': true,
  'build.limits': true,
  'build.entitlements': true,
  'registries.pull': true,
  'registries.push': true,
  'registries.load': true,
  'registries.import': true,
  'archive.get': true,
  'archive.put': true,
  objects: true,
}

export const PARTS = Object.keys(EVERY_PART) as BoundedBy[]

export const JUDGEMENTS: ReadonlySet<Judgement> = new Set<Judgement>(['harmless', 'host', ...PARTS])
