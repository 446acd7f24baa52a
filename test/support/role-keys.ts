import { z } from 'zod'
import { objectsSchema } from '../../src/config/objects-schema.ts'
import { observeSchema } from '../../src/config/observe-schema.ts'
import { profileSchema } from '../../src/config/profile-schema.ts'

/** One key of a role's parts with its meaning, as docs/roles.md has it in a row. */
type Row = readonly [path: string, meaning: string]

/** What every list of patterns says of itself; the page says it once. */
const SAID_ONCE = [
  /\.? ?Normalised references, such as .*$/,
  /\.? ?Absolute paths; "\*".*$/,
  /\.? ?Names; "\*".*$/,
  /: absolute paths; "\*" is any run.*taken literally/,
  /; "\*" is any run.*taken literally/,
]

/** Every key of the parts of a role, from the schema: `workload.mounts[].source`, by part; last those about objects, and observing. */
export function roleKeys(): ReadonlyMap<string, readonly Row[]> {
  const parts = Object.entries(profileSchema.shape)
  const rows = parts.map(([part, schema]) => [part, rowsOf(schema, `${part}.`)] as const)
  return new Map([...rows, ['objects', rowsOf(objectsSchema, '')], ['observe', rowsOf(observeSchema, '')]])
}

function rowsOf(schema: unknown, prefix: string): Row[] {
  const object = bare(schema)
  if (!(object instanceof z.ZodObject)) return []
  return Object.entries(object.shape).flatMap(([key, value]): Row[] => {
    const path = `${prefix}${key}`
    const inner = bare(value)
    const below = inner instanceof z.ZodArray ? rowsOf(inner.element, `${path}[].`) : rowsOf(inner, `${path}.`)
    return [[path, meaningOf(value as z.ZodType)], ...(key === 'ulimits' ? [] : below)]
  })
}

function meaningOf(schema: z.ZodType): string {
  const text = layers(schema).find(({ description }) => description !== undefined)?.description ?? ''
  const said = SAID_ONCE.reduce((left, pattern) => left.replace(pattern, ''), text)
  const words = wordsOf(bare(schema))
  return words.length === 0 ? said : `${said} (${words.map((word) => `\`${word}\``).join(', ')})`
}

/** The closed list of words that a value, or a list of values, may be of. */
function wordsOf(schema: unknown): readonly string[] {
  if (schema instanceof z.ZodArray) return wordsOf(bare(schema.element))
  return schema instanceof z.ZodEnum ? schema.options.map(String) : []
}

/** A schema and what it wraps, from the outside in. */
function layers(schema: unknown): z.ZodType[] {
  const outer = schema as z.ZodType
  if (outer instanceof z.ZodOptional || outer instanceof z.ZodDefault) return [outer, ...layers(outer.unwrap())]
  return [outer]
}

function bare(schema: unknown): unknown {
  return layers(schema).at(-1)
}
