import { z } from 'zod'
import { ACCESS_CLASSES } from '../engine/access.ts'
import { OPERATIONS } from '../engine/operations.ts'
import { GROUPS } from '../policy/groups.ts'
import { written } from './written.ts'

/** What `expandAllow` takes, as far as a schema can say it: that a glob matches something is seen when it is read. */
const WORDS = [
  ...Object.keys(ACCESS_CLASSES),
  ...Object.keys(GROUPS),
  ...OPERATIONS.filter(({ carried }) => carried).map(({ id }) => id),
]

/** One item of a role's `allow`. */
const allowItem = z
  .string()
  .min(1)
  .max(4096)
  .register(written, { schema: { anyOf: [{ enum: WORDS }, { type: 'string', pattern: '^[A-Za-z]*\\*[A-Za-z*]*$' }] } })

const CLASSES = Object.keys(ACCESS_CLASSES).map((name) => `\`${name}\``)

/** The key `allow` of a role. */
export const allowSchema = z
  .array(allowItem)
  .min(1)
  .describe(
    `What may be done: access classes (${CLASSES.join(', ')}), the group \`run\`, operationIds of the Engine API (\`ContainerCreate\`), and globs of them (\`Image*\`)`,
  )
