import type { z } from 'zod'

type JsonSchema = z.core.JSONSchema.BaseSchema

/** One key of the configuration as the published schema has it. */
export interface ConfigKey {
  /** `roles.*.allow`, `listeners[].tls.key`. */
  readonly path: string
  readonly required: boolean
  readonly schema: JsonSchema
}

/** Every key below a schema, in its order; maps from names of one's choice are entered as `*`, lists as `[]`. */
export function keysOf(schema: JsonSchema, prefix = ''): ConfigKey[] {
  const below = (inner: unknown, path: string) => (isSchema(inner) ? keysOf(inner, path) : [])
  const dot = prefix === '' ? '' : `${prefix}.`
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
      const path = `${dot}${key}`
      const required = schema.required?.includes(key) ?? false
      return [{ path, required, schema: value as JsonSchema }, ...below(value, path)]
    }),
    ...below(schema.additionalProperties, `${dot}*`),
    ...below(schema.items, `${prefix}[]`),
    ...(schema.anyOf ?? []).flatMap((one) => below(one, prefix)),
  ]
}

/** Parts of a role that docs/roles.md has every key of. */
const OF_ROLES = /^roles\.\*\.(?:workload|exec|build|registries|archive|images|quotas)\./

/** `<!-- keys of listeners[] -->`, and below it the table; an empty path is the whole file. */
const TABLE = /<!-- keys(?: of (\S+))? -->\n\n(?:\|.*\n)*/g

/** A page of the documentation with the tables of keys below its marks made anew. */
export function withTables(page: string, schema: JsonSchema): string {
  const keys = keysOf(schema).filter(({ path }) => !OF_ROLES.test(path))
  const marks = [...page.matchAll(TABLE)].map(([, mark = '']) => mark)
  const markOf = (path: string) =>
    marks.filter((mark) => mark === '' || path.startsWith(`${mark}.`)).sort((a, b) => b.length - a.length)[0]
  return page.replace(TABLE, (_all, mark: string = '') => {
    const rows = keys.filter(({ path }) => markOf(path) === mark)
    const head = mark === '' ? '' : `${mark}.`
    const table = ['| key | default | meaning |', '| --- | --- | --- |', ...rows.map((key) => row(key, head))]
    return `<!-- keys${mark === '' ? '' : ` of ${mark}`} -->\n\n${table.join('\n')}\n`
  })
}

function row({ path, required, schema }: ConfigKey, head: string): string {
  const { default: value, description = '' } = schema
  const words = wordsOf(schema)
  const usual = value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
  const meaning = words.length === 0 ? description : `${description} (${words.map((word) => `\`${word}\``).join(', ')})`
  const linked = meaning.replaceAll('|', '\\|').replace(/docs\/([a-z]+)\.md/g, '[$1]($1.md)')
  return `| \`${path.slice(head.length)}\` | ${required ? 'required' : usual} | ${linked} |`
}

/** The few words that a value, or an entry of a list, may be of. */
function wordsOf(schema: JsonSchema): readonly string[] {
  if (isSchema(schema.items)) return wordsOf(schema.items)
  return (schema.enum ?? []).map(String)
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
