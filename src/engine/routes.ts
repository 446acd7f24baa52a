import { namePattern } from './names.ts'
import { OPERATIONS } from './operations.ts'
import type { QueryTable } from './query.ts'
import type { OperationSpec } from './types.ts'

/** One place of a path template: a literal segment, or a parameter with the pattern of its values. */
type Part = string | Parameter

/** A path parameter. */
export interface Parameter {
  readonly name: string
  /** It takes one or more segments; otherwise exactly one. */
  readonly many: boolean
  readonly pattern: RegExp
}

/** An operation, ready to be matched. */
export interface Route {
  readonly spec: OperationSpec
  readonly parts: readonly Part[]
  /** Index of the parameter that takes many segments, or -1. There is at most one. */
  readonly many: number
  readonly literals: number
  readonly query: QueryTable
}

function compile(spec: OperationSpec): Route {
  const parts = spec.path
    .slice(1)
    .split('/')
    .map((segment) => compilePart(spec, segment))
  return {
    spec,
    parts,
    many: parts.findIndex((part) => typeof part !== 'string' && part.many),
    literals: parts.filter((part) => typeof part === 'string').length,
    query: new Map(spec.query.map((parameter) => [parameter.name, parameter])),
  }
}

function compilePart(spec: OperationSpec, segment: string): Part {
  if (!segment.startsWith('{')) return segment
  const many = segment.endsWith('+}')
  const name = segment.slice(1, many ? -2 : -1)
  return { name, many, pattern: namePattern(spec, name, many) }
}

/** Routes by one of their literal segments; by null when a parameter stands in its place. */
type Segments<Value> = Map<string | null, Value>

/** Routes by method, first segment and last segment. */
type Plan = ReadonlyMap<string, Segments<Segments<Route[]>>>

const PLAN: Plan = plan()

function plan(): Plan {
  const byMethod = new Map<string, Segments<Segments<Route[]>>>()
  for (const route of OPERATIONS.map(compile)) {
    const byFirst = ensure(byMethod, route.spec.method, (): Segments<Segments<Route[]>> => new Map())
    const byLast = ensure(byFirst, literal(route.parts[0]), (): Segments<Route[]> => new Map())
    ensure(byLast, literal(route.parts[route.parts.length - 1]), () => []).push(route)
  }
  return byMethod
}

function literal(part: Part | undefined): string | null {
  return typeof part === 'string' ? part : null
}

function ensure<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}

/**
 * The operation that has this method (exact, case-sensitive) and these decoded segments, or null. Where several have,
 * the literal segment wins over the parameter, as in the order in which engines try their routes.
 */
export function findRoute(method: string, segments: readonly string[]): Route | null {
  const byFirst = PLAN.get(method)
  const byLast = byFirst?.get(segments[0] ?? '') ?? byFirst?.get(null)
  if (byLast === undefined) return null
  return select(byLast.get(segments[segments.length - 1] ?? ''), segments) ?? select(byLast.get(null), segments)
}

function select(routes: readonly Route[] | undefined, segments: readonly string[]): Route | null {
  if (routes !== undefined) for (const route of routes) if (matches(route, segments)) return route
  return null
}

function matches(route: Route, segments: readonly string[]): boolean {
  const { parts, many } = route
  const extra = segments.length - parts.length
  if (many === -1 ? extra !== 0 : extra < 0) return false
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]
    // What stands behind the long parameter is matched from the end: `/images/a/b/json` names the image `a/b`.
    const segment = segments[many !== -1 && index > many ? index + extra : index]
    if (typeof part === 'string' ? part !== segment : segment === '') return false
  }
  // The only empty segment is the last one, which is the long parameter's own when no literal follows it.
  return many !== parts.length - 1 || segments[segments.length - 1] !== ''
}

/** The segments that the part at `index` takes: from the first number up to the second, which is not included. */
export function extent(route: Route, index: number, segments: readonly string[]): readonly [from: number, to: number] {
  const extra = segments.length - route.parts.length
  if (route.many === -1 || index < route.many) return [index, index + 1]
  return index === route.many ? [index, index + extra + 1] : [index + extra, index + extra + 1]
}
