import { LRUCache } from 'lru-cache'
import { Refusal } from '../refusal.ts'
import { quoted } from '../text.ts'
import { LONGEST_NAME } from './names.ts'
import { boolValue, type Query, readQuery } from './query.ts'
import { extent, findRoute, type Parameter, type Route } from './routes.ts'
import { encodePath, malformed, readTarget, type Target } from './target.ts'
import type { Operation, OperationSpec } from './types.ts'

/** Operations that are asked for again and again are read once. */
const MOST_KNOWN = 1000
/** Characters of a method and target: what is known takes a megabyte at most. */
const LONGEST_KNOWN = 256
const known = new LRUCache<string, Operation>({ max: MOST_KNOWN })

const NO_PARAMETERS: Readonly<Record<string, string>> = Object.freeze(Object.create(null))

/**
 * Recognises which operation of the Engine API a request asks for, whatever version of the API routes it, and rebuilds
 * the target from what was read: `Operation.target` recognises to the same operation, and none of the client's own bytes
 * are left in it. Versioned and unversioned paths go the same way. Operations that the gate does not carry are
 * recognised like others.
 *
 * `method` is case-sensitive (RFC 9110 section 9.1); `rawTarget` is the request target as it was received (RFC 9112
 * section 3.2). Throws Refusal `target-malformed`, `version-unsupported`, `operation-unknown`, `query-malformed`,
 * `query-repeated` or `query-unknown`.
 */
export function recognise(method: string, rawTarget: string): Operation {
  // No method and no target that is recognised has a space in it, so no two of them have one key.
  const key = `${method} ${rawTarget}`
  const before = known.get(key)
  if (before !== undefined) return before
  const operation = read(method, rawTarget)
  if (key.length <= LONGEST_KNOWN && isRecordable(operation)) known.set(key, frozen(operation))
  return operation
}

/** What may hold a secret is not kept longer than its request. */
function isRecordable({ spec, query }: Operation): boolean {
  return query.every(([name]) => spec.query.some((parameter) => parameter.name === name && parameter.recordable))
}

/** Many requests share it: one that changed it would change what the others ask for. */
function frozen(operation: Operation): Operation {
  for (const pair of operation.query) Object.freeze(pair)
  Object.freeze(operation.query)
  Object.freeze(operation.params)
  return Object.freeze(operation)
}

function read(method: string, rawTarget: string): Operation {
  const target = readTarget(rawTarget)
  const route = findRoute(method, target.segments)
  if (route === null) throw noRoute(method, target)
  checkEncodedSlashes(route, target)
  const { params, path } = rebuildPath(route, target.segments)
  const query = readQuery(route.spec.id, route.query, target.query)
  const elevated = elevation(route.spec, target.apiVersion, query)
  return {
    spec: route.spec,
    access: elevated ?? route.spec.access,
    elevated: elevated !== null,
    apiVersion: target.apiVersion,
    params,
    query: query.pairs,
    target: (target.apiVersion === null ? path : `/v${target.apiVersion}${path}`) + query.text,
  }
}

function rebuildPath(route: Route, segments: readonly string[]): Pick<Operation, 'params'> & { path: string } {
  if (route.literals === route.parts.length) return { params: NO_PARAMETERS, path: route.spec.path }
  const params: Record<string, string> = Object.create(null)
  let path = ''
  for (let index = 0; index < route.parts.length; index++) {
    const part = route.parts[index] ?? ''
    if (typeof part === 'string') {
      path += `/${part}`
      continue
    }
    const [from, to] = extent(route, index, segments)
    const value = to - from === 1 ? (segments[from] ?? '') : segments.slice(from, to).join('/')
    checkName(route.spec, part, value)
    params[part.name] = value
    path += `/${encodePath(value)}`
  }
  return { params, path }
}

/**
 * A slash may come percent-encoded inside a parameter that may hold slashes, and is sent on as a plain one, which is the
 * same to the engine: docker-java (Testcontainers for Java) asks for `/images/registry%2Fapp:1/json`. Anywhere else, the
 * engine would see a segment border that the client did not write.
 */
function checkEncodedSlashes(route: Route, target: Target): void {
  if (target.encodedSlashes.length === 0) return
  const [from, to] = route.many === -1 ? [0, 0] : extent(route, route.many, target.segments)
  for (const next of target.encodedSlashes) {
    if (next <= from || next >= to) throw malformed(target.path, 'holds %2F where no name with slashes stands')
  }
}

/**
 * What no object can be called is not there, rather than malformed: `docker inspect registry/app:1` asks for a container
 * of that name first, and goes on to images only after a 404.
 */
function checkName(spec: OperationSpec, parameter: Parameter, value: string): void {
  if (value.length > LONGEST_NAME) {
    throw malformed(value.slice(0, 64), `begins a name of more than ${LONGEST_NAME} characters`)
  }
  if (parameter.pattern.test(value)) return
  throw new Refusal(
    'operation-unknown',
    `${spec.id}: no ${spec.object?.kind ?? parameter.name} can be called ${quoted(value)}`,
  )
}

function noRoute(method: string, { path, segments }: Target): Refusal {
  if (segments[segments.length - 1] === '') return malformed(path, 'ends in a slash')
  return new Refusal('operation-unknown', `no Engine API operation is ${quoted(`${method} ${path}`)}`)
}

/**
 * The access class that counts instead of the operation's own, or null. An unversioned request gets the engine's default
 * version, which is not known here, so it counts as one below `belowVersion`.
 */
function elevation({ elevated }: OperationSpec, apiVersion: string | null, query: Query): Operation['access'] | null {
  if (elevated === undefined) return null
  if (elevated.belowVersion !== undefined && (apiVersion === null || isBelow(apiVersion, elevated.belowVersion))) {
    return elevated.access
  }
  const isTrue = query.pairs.some(([name, value]) => name === elevated.query && boolValue(value))
  return isTrue ? elevated.access : null
}

/** Compares versions of the form 1.N. */
/** Whether an API version such as `1.41` is below another one. */
export function isBelow(version: string, other: string): boolean {
  return Number(version.slice(2)) < Number(other.slice(2))
}
