import type { z } from 'zod'
import { issuerSchema } from './issuer-schema.ts'
import { auditSchema, type RecordsConfig, recordsSchema } from './records-schema.ts'
import {
  type AdminListenerConfig,
  adminSchema,
  type BindingConfig,
  bindingSchema,
  type IssuerConfig,
  type ListenerConfig,
  ledgerSchema,
  listenerSchema,
  type RoleConfig,
  revocationsSchema,
  roleSchema,
} from './schema.ts'

/** One entry of a list, with its place in it. */
interface Entry<T> {
  readonly index: number
  readonly value: T
}

/**
 * The parts of a configuration that hold for themselves, so that what one part says wrongly does not hide what is wrong
 * in the others. A named part that is broken stays as null: its name exists.
 */
export interface Pieces {
  readonly listeners: readonly Entry<ListenerConfig>[]
  readonly engine: string | null
  readonly issuers: ReadonlyMap<string, IssuerConfig | null>
  readonly roles: ReadonlyMap<string, RoleConfig | null>
  readonly bindings: readonly Entry<BindingConfig>[]
  readonly records: RecordsConfig | null
  readonly recordsRequired: boolean
  readonly revocationsFile: string | null
  readonly adminSocket: string | null
  readonly adminListener: AdminListenerConfig | null
  readonly ledgerFile: string | null
}

/** Takes the sound parts out of a value that may be unsound elsewhere. */
export function piecesOf(value: unknown): Pieces {
  const root = mapping(value)
  const engine = root.get('engine') ?? 'unix:///var/run/docker.sock'
  const revocations = revocationsSchema.safeParse(root.get('revocations'))
  const ledger = ledgerSchema.safeParse(root.get('ledger'))
  const admin = salvage(root.get('admin'), adminSchema)
  const records = recordsSchema.safeParse(root.get('records') ?? {})
  const audit = auditSchema.safeParse(root.get('audit') ?? {})
  return {
    listeners: entries(root.get('listeners'), listenerSchema),
    engine: typeof engine === 'string' ? engine : null,
    issuers: named(root.get('issuers'), issuerSchema),
    roles: named(root.get('roles'), roleSchema),
    bindings: entries(root.get('bindings'), bindingSchema),
    revocationsFile: revocations.success ? revocations.data.file : null,
    ledgerFile: ledger.success ? ledger.data.file : null,
    adminSocket: admin?.socket ?? null,
    adminListener: admin?.listener ?? null,
    records: records.success ? records.data : null,
    recordsRequired: audit.success && audit.data.required,
  }
}

function entries<S extends z.ZodType>(list: unknown, schema: S): Entry<z.output<S>>[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown, index) => {
    const value = salvage(item, schema)
    return value === null ? [] : [{ index, value }]
  })
}

function named<S extends z.ZodType>(value: unknown, schema: S): Map<string, z.output<S> | null> {
  const found = new Map<string, z.output<S> | null>()
  for (const [name, item] of mapping(value)) found.set(name, salvage(item, schema))
  return found
}

/** The value as the schema reads it, without the members that it refuses if it can do without them, or null. */
function salvage<S extends z.ZodType>(value: unknown, schema: S): z.output<S> | null {
  const first = schema.safeParse(value)
  if (first.success) return first.data
  const kept: unknown = structuredClone(value)
  for (const issue of first.error.issues) {
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(kept, [...issue.path, key])
    else remove(kept, issue.path)
  }
  return schema.safeParse(kept).data ?? null
}

/** List entries stay: without one, the others would have other places. */
function remove(value: unknown, path: readonly PropertyKey[]): void {
  let holder = value
  for (const key of path.slice(0, -1)) {
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return
    holder = (holder as Record<PropertyKey, unknown>)[key]
  }
  const last = path.at(-1)
  if (typeof holder === 'object' && holder !== null && typeof last === 'string') Reflect.deleteProperty(holder, last)
}

function mapping(value: unknown): Map<string, unknown> {
  return new Map(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [])
}
