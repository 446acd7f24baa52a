import { expect, it } from 'vitest'
import { BODY_FIELDS } from '../../src/engine/fields/bodies.ts'
import type { Field } from '../../src/engine/fields/types.ts'

/** Every part of a role that bounds a field of the body. */
function partsOf(field: Field, seen = new Set<Field>()): Set<string> {
  if (seen.has(field)) return new Set()
  seen.add(field)
  const below =
    field.type === 'object'
      ? [...field.fields.values()]
      : field.type === 'map'
        ? [field.values]
        : field.type === 'list'
          ? [field.items]
          : []
  return new Set([field.judge, ...below.flatMap((inner) => [...partsOf(inner, seen)])])
}

// Fields that stand for objects are judged where those are looked up.
const EVERYWHERE = /^(?:harmless|host|objects|workload\..+)$/
const OWN: Readonly<Record<string, RegExp>> = { ContainerExec: /^exec\./, ContainerCopy: /^archive\.get$/ }

it.each([...BODY_FIELDS])(
  'the body of %s has no field that is bounded by a part which nobody judges there',
  (id, table) => {
    const unjudged = [...partsOf(table)].filter((part) => !EVERYWHERE.test(part) && !OWN[id]?.test(part))
    expect(unjudged).toEqual([])
  },
)
