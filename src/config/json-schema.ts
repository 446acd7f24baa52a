import { z } from 'zod'
import { includedSchema } from './include.ts'
import { configSchema } from './schema.ts'
import { written } from './written.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

const INCLUDABLE = ['roles', 'bindings']

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
  if (zodSchema === configSchema) {
    // Files that are included may have all roles and bindings.
    jsonSchema.required = (jsonSchema.required ?? []).filter((key) => !INCLUDABLE.includes(key))
    jsonSchema.anyOf = [{ required: ['include'] }, { required: INCLUDABLE }]
  }
  // Defaults of the keys in it say the same.
  if (zodSchema instanceof z.ZodPrefault) delete jsonSchema.default
}

/** The same of a file of roles and bindings that a configuration includes. */
export function publishedIncludedSchema(): JsonSchema {
  return {
    ...z.toJSONSchema(includedSchema, { target: 'draft-7', io: 'input', override: asWritten }),
    title: 'roles and bindings for dockgate.yaml',
    description: 'A file that a configuration of dockgate includes: docs/configuration.md',
  }
}

/** A default is kept as it is after reading, and shown as somebody would write it. */
function defaultOf(schema: z.ZodDefault): unknown {
  const { defaultValue, innerType } = schema.def
  if (typeof defaultValue !== 'number') return defaultValue
  const kinds = innerType instanceof z.ZodUnion ? innerType.options : [innerType]
  const show = kinds.map((kind) => written.get(kind)?.show).find((found) => found !== undefined)
  return show === undefined ? defaultValue : show(defaultValue)
}
