import { harmless, object, objectOf, string, stringMap } from './make.ts'
import type { Field, ParameterJudgements } from './types.ts'

const FIELDS: Readonly<Record<string, Field>> = {
  // The engine refuses one that is taken.
  Name: string(),
  Labels: stringMap('workload.labels'),
  Data: string(),
  // Reads the secrets of the task.
  Templating: objectOf('host', { Name: string('host'), Options: stringMap('host') }),
}

export const CONFIG_CREATE = object(FIELDS)

export const CONFIG_UPDATE = object(FIELDS, {
  // dockerode: the query once more.
  ignored: ['version'],
})

export const CONFIG_PARAMETERS = {
  ConfigList: { query: { filters: 'objects' } },
  ConfigUpdate: { query: harmless('version') },
} as const satisfies Record<string, ParameterJudgements>
