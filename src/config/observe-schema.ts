import { z } from 'zod'

/** The key of a role that refuses nothing yet: `policy/observing.ts` says what is refused all the same. */
export const observeSchema = z.strictObject({
  observe: z
    .boolean()
    .optional()
    .describe(
      'true: what the role does not allow is written down as a refusal and let through, as far as role admin would let it; for taking over an engine that is in use, as whoever has such a role is root on the host',
    ),
})
