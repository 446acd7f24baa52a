import { z } from 'zod'

/** How a value stands in the file, where what is read from it is another one. */
export interface Written {
  /** What the published JSON Schema has for it. */
  readonly schema: z.core.JSONSchema.BaseSchema
  /** Writes a value that was read, for defaults. */
  readonly show?: (value: number) => string
}

/** Schemas that transform what they read, with how that is written. */
export const written = z.registry<Written>()
