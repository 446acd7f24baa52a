import { harmless, object, objectOf, string, stringMap } from './make.ts'
import type { Field, ParameterJudgements } from './types.ts'

const FIELDS: Readonly<Record<string, Field>> = {
  // The engine refuses one that is taken.
  Name: string(),
  Labels: stringMap('workload.labels'),
  Data: string(),
  // Takes the data from a plugin.
  Driver: objectOf('host', { Name: string('host'), Options: stringMap('host') }),
  // Reads other secrets of the task.
  Templating: objectOf('host', { Name: string('host'), Options: stringMap('host') }),
}

export const SECRET_CREATE = object(FIELDS)

export const SECRET_UPDATE = object(FIELDS, {
  // dockerode: the query once more.
  ignored: ['version'],
})

export const SECRET_PARAMETERS = {
  SecretList: { query: { filters: 'objects' } },
  SecretUpdate: { query: harmless('version') },
} as const satisfies Record<string, ParameterJudgements>
