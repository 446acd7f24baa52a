import type { AccessClass } from '../access.ts'
import type { Method, OperationSpec, QueryParameter } from '../types.ts'

/** One row of the table, with its own id as a literal: `OperationId` is the union of these. */
export type Row<Id extends string> = Omit<OperationSpec, 'id'> & { readonly id: Id }

/** What a row says beside id, method, path and access class; what is left out has the default named here. */
interface Details {
  /** `none`. */
  readonly stream?: OperationSpec['stream']
  /** `none`. */
  readonly body?: OperationSpec['body']
  /** No parameters. */
  readonly query?: readonly QueryParameter[]
  /** None beside the common ones. */
  readonly headers?: readonly string[]
  /** No object. */
  readonly object?: OperationSpec['object']
  /** 1.24. */
  readonly since?: string
  /** Still routed. */
  readonly until?: string
  /** Never elevated. */
  readonly elevated?: NonNullable<OperationSpec['elevated']>
  /** True. */
  readonly carried?: false
}

/** One operation of the table. */
export function op<const Id extends string>(
  id: Id,
  method: Method,
  path: string,
  access: AccessClass,
  details: Details = {},
): Row<Id> {
  return {
    id,
    method,
    path,
    access,
    stream: 'none',
    body: 'none',
    query: [],
    headers: [],
    object: null,
    since: '1.24',
    until: null,
    carried: true,
    ...details,
  }
}

/** Parameters whose values may stand in records: enumerations, numbers, booleans, times, references to objects. */
export function recorded(...names: string[]): QueryParameter[] {
  return names.map((name) => ({ name, recordable: true }))
}

/** Parameters whose values never stand in records: free text, paths, JSON, whatever may hold a secret. */
export function unrecorded(...names: string[]): QueryParameter[] {
  return names.map((name) => ({ name }))
}

/** The same parameters, which clients send and the engine reads several times over. */
export function repeated(parameters: readonly QueryParameter[]): QueryParameter[] {
  return parameters.map((parameter) => ({ ...parameter, repeat: true }))
}

/** Parameters that stock clients send and no engine reads; they may come any number of times. */
export function ignored(...names: string[]): QueryParameter[] {
  return names.map((name) => ({ name, dropped: true }))
}
