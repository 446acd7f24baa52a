import { z } from 'zod'
import { configSchema } from './schema.ts'
import { written } from './written.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

/**
 * The configuration's JSON Schema (draft-07, which yaml-language-server reads best), as published for editors. It refuses
 * nothing that `loadConfig` takes; what it cannot say (places that must fit each other, other files) it takes.
 */
export function publishedSchema(): JsonSchema {
  return {
    ...z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input', override: asWritten }),
    title: 'dockgate.yaml',
    description: 'Configuration of dockgate: docs/configuration.md',
  }
}

function asWritten({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: JsonSchema }): void {
  const schema = written.get(zodSchema)?.schema
  if (schema !== undefined) {
    const { description } = jsonSchema
    for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key)
    Object.assign(jsonSchema, schema, description === undefined ? {} : { description })
  }
  if (zodSchema instanceof z.ZodDefault) jsonSchema.default = defaultOf(zodSchema)
  // Defaults of the keys in it say the same.
  if (zodSchema instanceof z.ZodPrefault) delete jsonSchema.default
}

/** A default is kept as it is after reading, and shown as somebody would write it. */
function defaultOf(schema: z.ZodDefault): unknown {
  const { defaultValue, innerType } = schema.def
  if (typeof defaultValue !== 'number') return defaultValue
  const kinds = innerType instanceof z.ZodUnion ? innerType.options : [innerType]
  const show = kinds.map((kind) => written.get(kind)?.show).find((found) => found !== undefined)
  return show === undefined ? defaultValue : show(defaultValue)
}
