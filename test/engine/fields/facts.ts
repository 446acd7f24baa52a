import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { HEADER_JUDGEMENTS, QUERY_JUDGEMENTS } from '../../../src/engine/fields/parameters.ts'
import type { Field } from '../../../src/engine/fields/types.ts'
import { OPERATIONS } from '../../../src/engine/operations.ts'
import { allFields, isJudged } from './tables.ts'

/*
 * What is known of request fields from outside this project. The folder beside the repository is read where it is
 * present; elsewhere the same facts are drawn from the tables themselves, so that the cases check that they are of one
 * piece.
 */

/** One field that was reviewed: what it can do, and how bad that is. */
export interface Reviewed {
  readonly operation: string
  readonly where: 'body' | 'query' | 'header' | 'path'
  /** `/HostConfig/Mounts/x`, where `*` stands for any key or item; the name of a parameter. */
  readonly path: string
  readonly severity: 'none' | 'low' | 'medium' | 'high' | 'critical'
}

/** One field of a JSON body as an official document has it. */
export interface Documented {
  readonly version: string
  readonly operation: string
  readonly path: string
  readonly type: string
}

const FOLDER = new URL('../../../../shared/engine-api/', import.meta.url)

export const REVIEWED: readonly Reviewed[] = existsSync(new URL('sensitive-fields.json', FOLDER))
  ? JSON.parse(readFileSync(new URL('sensitive-fields.json', FOLDER), 'utf8'))
  : reviewOfTables()

export const DOCUMENTED: readonly Documented[] = existsSync(new URL('swagger/', FOLDER))
  ? readdirSync(new URL('swagger/', FOLDER)).flatMap((file) => readDocument(new URL(`swagger/${file}`, FOLDER)))
  : documentOfTables()

function reviewOfTables(): Reviewed[] {
  const bodies = allFields().map((found): Reviewed => {
    const severity = isJudged(found) ? 'high' : 'none'
    return { operation: found.operation, where: 'body', path: found.path, severity }
  })
  const parameters = (where: 'query' | 'header', table: typeof QUERY_JUDGEMENTS) =>
    [...table].flatMap(([operation, names]) =>
      [...names].map(
        ([path, judge]): Reviewed => ({ operation, where, path, severity: judge === 'harmless' ? 'none' : 'high' }),
      ),
    )
  return [...bodies, ...parameters('query', QUERY_JUDGEMENTS), ...parameters('header', HEADER_JUDGEMENTS)]
}

function documentOfTables(): Documented[] {
  const types: Readonly<Record<Field['type'], string>> = {
    string: 'string',
    boolean: 'boolean',
    integer: 'integer',
    number: 'number',
    object: 'object',
    map: 'object',
    list: 'array',
  }
  return allFields().map(({ operation, path, field }) => ({ version: 'own', operation, path, type: types[field.type] }))
}

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly allOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
}

interface Document {
  readonly info: { readonly version: string }
  readonly definitions: Readonly<Record<string, Schema>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>
}

interface DocumentedOperation {
  readonly operationId: string
  readonly parameters?: ReadonlyArray<{ readonly in: string; readonly schema?: Schema }>
}

function readDocument(file: URL): Documented[] {
  const document: Document = parse(readFileSync(file, 'utf8'))
  const json = new Set<string>(OPERATIONS.filter((spec) => spec.body === 'json').map((spec) => spec.id))
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  return operations.flatMap(({ operationId, parameters = [] }) => {
    const body = parameters.find((parameter) => parameter.in === 'body')?.schema
    if (body === undefined || !json.has(operationId)) return []
    return fieldsOf(document, body, '').map(([path, type]) => ({
      version: document.info.version,
      operation: operationId,
      path,
      type,
    }))
  })
}

/** The schema's fields, itself included, as path and type. */
function fieldsOf(document: Document, written: Schema, path: string): Array<readonly [path: string, type: string]> {
  const schema = resolved(document, written)
  const inner: Array<readonly [string, Schema]> = [
    ...Object.entries(schema.properties ?? {}),
    ...(typeof schema.additionalProperties === 'object' ? [['*', schema.additionalProperties] as const] : []),
    ...(schema.items === undefined ? [] : [['*', schema.items] as const]),
  ]
  return [
    ...(schema.type === undefined ? [] : [[path, schema.type] as const]),
    ...inner.flatMap(([step, field]) => fieldsOf(document, field, `${path}/${step}`)),
    ...(schema.allOf ?? []).flatMap((part) => fieldsOf(document, part, path)),
  ]
}

function resolved(document: Document, schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1)
  if (name === undefined) return schema
  const definition = document.definitions[name]
  if (definition === undefined) throw new Error(`${schema.$ref} is not in the document`)
  return resolved(document, definition)
}
