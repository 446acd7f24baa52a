import { z } from 'zod'

/** What may be asked for on the admin listener. `/healthz` is everybody's. */
export const ADMIN_PAGES = ['metrics', 'ready', 'policy', 'sessions', 'refusals', 'end-sessions'] as const
export type AdminPage = (typeof ADMIN_PAGES)[number]

/** One entry of `admin.listener.allow`: which callers get which pages. `when` is a CEL condition. */
export const adminAllowSchema = z.strictObject({
  issuer: z.string().min(1).max(64).describe('A name under issuers'),
  when: z.string().min(1).max(4096).optional().describe('A CEL condition; left out, everybody of the issuer'),
  pages: z.array(z.enum(ADMIN_PAGES)).min(1).describe('What the caller gets'),
})

export type AdminAllowConfig = z.output<typeof adminAllowSchema>
