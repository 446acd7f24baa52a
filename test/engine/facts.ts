import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { OPERATIONS } from '../../src/engine/operations.ts'
import type { OperationSpec } from '../../src/engine/types.ts'

/*
 * What is known of the Engine API from outside this project. The folder beside the repository is read where it is
 * present; elsewhere the same facts are drawn from the table itself, so that the cases check that it is of one piece.
 */

/** One operation as the facts have it. */
export interface Fact {
  readonly id: string
  readonly method: string
  /** Without version; `{name}` whatever the parameter may hold. */
  readonly path: string
  readonly access: string
  readonly accessWhen?: ReadonlyArray<{ readonly when: string; readonly access: string }>
  readonly stream: string
  readonly body: string
  /** On the decoded path without version. */
  readonly regex: string
  /** The engine tries its routes in this order; null for what it does not route today. */
  readonly order: number | null
  readonly pathParams: ReadonlyArray<{ readonly name: string; readonly mayContainSlash: boolean }>
  readonly query: readonly string[]
  readonly headers: readonly string[]
  readonly objectRef: string | null
  readonly since: string
  readonly until: string | null
  readonly kind: 'http' | 'grpc'
}

const FOLDER = new URL('../../../shared/engine-api/', import.meta.url)

export const FACTS: readonly Fact[] = existsSync(new URL('operations.json', FOLDER))
  ? JSON.parse(readFileSync(new URL('operations.json', FOLDER), 'utf8'))
  : OPERATIONS.map(factOf)

function factOf(spec: OperationSpec): Fact {
  const names = [...spec.path.matchAll(/\{(\w+)(\+?)\}/g)]
  const literals = spec.path.split('/').filter((segment) => !segment.startsWith('{')).length
  const { elevated } = spec
  return {
    id: spec.id,
    method: spec.method,
    path: spec.path.replaceAll('+}', '}'),
    access: spec.access,
    ...(elevated && { accessWhen: [{ when: `${elevated.query} ${elevated.belowVersion}`, access: elevated.access }] }),
    stream: spec.stream,
    body: spec.body,
    regex: `^${spec.path
      .split(/(\{\w+\+?\})/)
      .map((piece) =>
        piece.startsWith('{') ? (piece.endsWith('+}') ? '(.*)' : '([^/]+)') : piece.replaceAll('.', '\\.'),
      )
      .join('')}$`,
    order: 1000 - literals,
    pathParams: names.map(([, name = '', plus]) => ({ name, mayContainSlash: plus === '+' })),
    query: spec.query.filter((parameter) => !parameter.dropped).map((parameter) => parameter.name),
    headers: spec.headers,
    objectRef: spec.object?.kind ?? null,
    since: spec.since,
    until: spec.until,
    kind: spec.carried ? 'http' : 'grpc',
  }
}

/** One operation of an official document: its query parameters, and those that are lists. */
export interface Documented {
  readonly version: string
  readonly id: string
  readonly method: string
  readonly path: string
  readonly query: readonly string[]
  readonly lists: readonly string[]
}

interface SwaggerOperation {
  readonly operationId: string
  readonly parameters?: ReadonlyArray<{ readonly in: string; readonly name: string; readonly type?: string }>
}

/** The operations of the official documents; of the table itself where they are absent. */
export const DOCUMENTED: readonly Documented[] = existsSync(new URL('swagger/', FOLDER))
  ? readdirSync(new URL('swagger/', FOLDER)).flatMap((file) => readDocument(new URL(`swagger/${file}`, FOLDER)))
  : OPERATIONS.map((spec) => ({
      version: spec.since,
      id: spec.id,
      method: spec.method,
      path: spec.path.replaceAll('+}', '}'),
      query: spec.query.filter((parameter) => !parameter.dropped).map((parameter) => parameter.name),
      lists: spec.query.filter((parameter) => parameter.repeat).map((parameter) => parameter.name),
    }))

function readDocument(file: URL): Documented[] {
  const document: { info: { version: string }; paths: Record<string, Record<string, SwaggerOperation>> } = parse(
    readFileSync(fileURLToPath(file), 'utf8'),
  )
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const query = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query')
      return {
        version: document.info.version,
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        query: query.map((parameter) => parameter.name),
        lists: query.filter((parameter) => parameter.type === 'array').map((parameter) => parameter.name),
      }
    }),
  )
}
