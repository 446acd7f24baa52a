import { z } from 'zod'
import { processors, size } from './profile-quantities.ts'
import { images } from './profile-schema.ts'
import { duration, HOUR, SECOND } from './quantities.ts'

/*
 * The keys of a role that say on whose objects it acts. They stand beside the parts of the role, and no preset has any.
 */

const WANTS_OBJECTS = 'wants all, own or {own: prefixed}'
/** Beyond it a quota bounds nothing. */
const MOST = 1_000_000
const MOST_LIFETIME = 30 * 24 * HOUR

const count = z.int().min(0).max(MOST)

const sharedSchema = z.strictObject({
  shared: images(
    'Images that every owner sees and may run, whoever brought them, and that none may tag over or remove. Which images may be run, own and shared alike, is workload.images',
  ),
})

/** How much one owner may have at a time. */
const quotasSchema = z.strictObject({
  containers: count.optional().describe('Containers, stopped ones included; a whole number'),
  running: count.optional().describe('Containers that run'),
  volumes: count.optional().describe('Volumes, with and without a name'),
  networks: count.optional().describe('Networks'),
  images: count.optional().describe('Images that the owner brought or made, shared ones not counted'),
  memory: size.optional().describe('Memory that all containers together may ask for, stopped ones included'),
  cpus: processors.optional().describe('Processors that all containers together may ask for, stopped ones included'),
})

export const objectsSchema = z.strictObject({
  objects: z
    .union(
      [z.enum(['all', 'own']), z.strictObject({ own: z.literal('prefixed').describe("Names are the owner's alone") })],
      { error: WANTS_OBJECTS },
    )
    .transform((value) => (typeof value === 'string' ? value : value.own))
    .optional()
    .describe(
      "all: everybody's, which is so when it is left out; own: only those of the caller's owner, all others are as if they were not there; {own: prefixed}: the same, and names of containers, networks and volumes are the owner's alone",
    ),
  images: sharedSchema.optional().describe("Which images are everybody's"),
  quotas: quotasSchema.optional().describe('How much one owner may have at a time; what is left out has no bound'),
  lifetime: duration(SECOND, MOST_LIFETIME)
    .optional()
    .describe('How long after it was made something is removed, whoever uses it: 1s to 720h'),
  endsWith: z
    .enum(['token'])
    .optional()
    .describe('What was made is removed when the token, or certificate, of the request that made it expires'),
})

/** Those keys after reading: sizes in bytes, times in milliseconds. */
export type ObjectsConfig = z.output<typeof objectsSchema>
