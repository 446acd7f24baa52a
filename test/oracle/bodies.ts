import fc from 'fast-check'
import { BODY_FIELDS } from '../../src/engine/fields/bodies.ts'
import type { Field, ObjectField } from '../../src/engine/fields/types.ts'
import { INTEGERS, KEYS, poolsOf, STRINGS } from './spellings.ts'
import { memberOf, type Node, node, withMember } from './text.ts'
import type { Pool, World } from './world.ts'

/*
 * Bodies of container creates, made from the table of fields: each field with values that make sense for it.
 */

export const CREATE = createTable()

function createTable(): ObjectField {
  const table = BODY_FIELDS.get('ContainerCreate')
  if (table?.type !== 'object') throw new Error('no table of ContainerCreate')
  return table
}

/** A field whose value is chosen at once: a member of the body, of HostConfig or of NetworkingConfig. */
interface Unit {
  readonly path: readonly string[]
  readonly field: Field
}

const PARTS: ReadonlySet<string> = new Set(['HostConfig', 'NetworkingConfig'])

const UNITS: readonly Unit[] = [...CREATE.fields].flatMap(([name, field]) =>
  PARTS.has(name) && field.type === 'object'
    ? [...field.fields].map(([inner, of]) => ({ path: [name, inner], field: of }))
    : [{ path: [name], field }],
)

/** One in so many of the fields is in a body of allowed values. */
const SPARSE = 8

/** Arbitrary values of fields, those of `good` within the preset ci-run. */
interface Values {
  good(field: Field, path: readonly string[]): fc.Arbitrary<unknown>
  odd(field: Field, path: readonly string[]): fc.Arbitrary<unknown>
}

/** Asks for what the preset ci-run allows; what the engine takes, almost always. */
export function allowedBody(world: World): fc.Arbitrary<Node> {
  const values = valuesOf(poolsOf(world))
  const members = UNITS.filter(({ path }) => path[0] !== 'Image').map((unit) =>
    fc.oneof(
      { withCrossShrink: true },
      { weight: SPARSE, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: values.good(unit.field, unit.path).map((value) => [unit.path, value] as const) },
    ),
  )
  const image = values.good(fieldAt(['Image']), ['Image']).map((value) => [['Image'], value] as const)
  return fc
    .tuple(image, ...members)
    .map((chosen) => chosen.filter((member) => member !== null).reduce(put, node({}) as Node))
}

/** The body with one to three fields that ask for anything. */
export function oddBody(world: World): fc.Arbitrary<Node> {
  const values = valuesOf(poolsOf(world))
  const unit = fc
    .constantFrom(...UNITS)
    .chain(({ path, field }) => values.odd(field, path).map((value) => [path, value] as const))
  return fc
    .tuple(allowedBody(world), fc.array(unit, { minLength: 1, maxLength: 3 }))
    .map(([body, units]) => units.reduce(put, body))
}

function put(body: Node, [path, value]: readonly [readonly string[], unknown]): Node {
  const [name = '', inner] = path
  if (inner === undefined) return withMember(body, name, node(value))
  return withMember(body, name, withMember(memberOf(body, name) ?? node({}), inner, node(value)))
}

export function fieldAt(path: readonly string[]): Field {
  return path.reduce<Field>((field, name) => {
    const inner = innermost(field)
    const found = inner.type === 'object' ? inner.fields.get(name) : undefined
    if (found === undefined) throw new Error(`the table has no ${path.join('.')}`)
    return found
  }, CREATE)
}

/** What a list or map holds in the end. */
function innermost(field: Field): Field {
  if (field.type === 'list') return innermost(field.items)
  return field.type === 'map' ? innermost(field.values) : field
}

function valuesOf(pools: ReadonlyMap<string, Pool>): Values {
  const poolOf = (path: readonly string[]) => pools.get(path.join('.'))

  function good(field: Field, path: readonly string[]): fc.Arbitrary<unknown> {
    const pool = poolOf(path)
    if (pool !== undefined) return fc.constantFrom(...pool.good)
    switch (field.type) {
      case 'string':
        return fc.constantFrom('', ...(field.judge === 'harmless' ? ['x'] : []))
      case 'boolean':
        return fc.constantFrom(false, ...(field.judge === 'harmless' ? [true] : []))
      case 'integer':
      case 'number':
        return fc.constant(0)
      case 'list':
        return fc.constantFrom(null, [])
      case 'map':
        return fc.constantFrom(null, {})
      default:
        return fc.record(membersOf(field, path, good), { requiredKeys: [] })
    }
  }

  function odd(field: Field, path: readonly string[]): fc.Arbitrary<unknown> {
    const pool = poolOf(path)
    const made = fromTable(field, path)
    if (pool === undefined) return made
    const odder = { weight: 6, arbitrary: fc.constantFrom(...pool.odd) }
    const known = { weight: 1, arbitrary: fc.constantFrom(...pool.good) }
    return fc.oneof({ withCrossShrink: true }, known, odder, { weight: isWord(field) ? 1 : 6, arbitrary: made })
  }

  /** A value of the field's type, and now and then of none. */
  function fromTable(field: Field, path: readonly string[]): fc.Arbitrary<unknown> {
    switch (field.type) {
      case 'string':
        return fc.constantFrom(...STRINGS, ...(field.nothing ?? []))
      case 'boolean':
        return fc.boolean()
      case 'integer':
      case 'number':
        return fc.oneof(fc.constantFrom(...INTEGERS), ofAnySize)
      case 'list':
        return fc.array(inside(field.items, path), { maxLength: 2 })
      case 'map':
        return fc.dictionary(fc.constantFrom(...KEYS, ...keysOf(path)), inside(field.values, path), { maxKeys: 2 })
      default:
        return fc.record(membersOf(field, path, mostlyGood), { requiredKeys: [] })
    }
  }

  /** An item of a list or a value of a map: mostly one of those that stand in whole ones. */
  function inside(field: Field, path: readonly string[]): fc.Arbitrary<unknown> {
    const known = wholes(path).flatMap((whole) => Object.values(whole))
    const made = fromTable(field, path)
    return known.length === 0
      ? made
      : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: made })
  }

  function keysOf(path: readonly string[]): readonly string[] {
    return wholes(path).flatMap((whole) => (Array.isArray(whole) ? [] : Object.keys(whole)))
  }

  /** The lists and maps among the values of a field. */
  function wholes(path: readonly string[]): readonly object[] {
    const { good = [], odd = [] } = poolOf(path) ?? {}
    return [...good, ...odd].filter((value): value is object => typeof value === 'object' && value !== null)
  }

  function mostlyGood(field: Field, path: readonly string[]): fc.Arbitrary<unknown> {
    return fc.oneof({ weight: 3, arbitrary: good(field, path) }, { weight: 1, arbitrary: odd(field, path) })
  }

  return { good, odd }
}

function membersOf(field: ObjectField, path: readonly string[], value: Values['odd']) {
  return Object.fromEntries([...field.fields].map(([name, inner]) => [name, value(inner, [...path, name])]))
}

/** Whether any value of the type is of little interest, beside those that are chosen. */
function isWord({ type }: Field): boolean {
  return type === 'string' || type === 'boolean'
}

/** Small ones as often as large ones. */
const ofAnySize = fc.nat({ max: 63 }).chain((bits) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) }))
