import { readdirSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import type { Issue } from './errors.ts'
import { whyUnreadable } from './read-file.ts'
import { name } from './scalars.ts'
import { bindingSchema, includeSchema, roleSchema } from './schema.ts'

/** What a watch of a folder sees. */
const MOST_FILES = 1000

/** A file of roles and bindings, beside the configuration that includes it. */
export const includedSchema = z.strictObject({
  roles: z.record(name, roleSchema).optional().describe('Roles, beside those of the configuration and of other files'),
  bindings: z
    .array(bindingSchema)
    .optional()
    .describe('Bindings, tried behind those of the configuration and of the files before this one'),
})

/** The files that a configuration includes, in order. */
export interface Included {
  /** As the operator would name them: joined to what stands in the configuration. */
  readonly files: readonly string[]
  readonly problems: readonly Issue[]
}

/**
 * The files behind `include`: a file, or of a folder each .yaml and .yml in the order of their names. Hidden files are left
 * out, as editors and Kubernetes make some; so is what lies in folders below.
 *
 * @param beside the file that includes, as the operator named it
 * @param reads told of each file and folder before it is looked at
 */
export function includedFiles(value: unknown, beside: string, reads: (path: string) => void): Included {
  const files: string[] = []
  const problems: Issue[] = []
  const listed = includeSchema.safeParse(value)
  for (const [index, entry] of (listed.data ?? []).entries()) {
    const path = typeof value === 'string' ? ['include'] : ['include', index]
    const at = isAbsolute(entry) ? entry : join(dirname(beside), entry)
    reads(resolve(at))
    try {
      if (!statSync(at).isDirectory()) files.push(at)
      else files.push(...yamlFilesIn(at))
    } catch (error) {
      problems.push({ path, message: `${at} ${whyUnreadable(error)}` })
    }
  }
  if (files.length <= MOST_FILES) return { files, problems }
  problems.push({ path: ['include'], message: `names more than ${MOST_FILES} files` })
  return { files: [], problems }
}

function yamlFilesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((entry) => /^[^.].*\.ya?ml$/.test(entry))
    .sort()
    .map((entry) => join(folder, entry))
}
