import { z } from 'zod'

/** Of a listener, issuer or role. */
export const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, {
  error: 'is no name: it begins with a letter or digit, then come letters, digits, "_", "." and "-", at most 64',
})
export const text = z.string().min(1).max(4096)
export const path = text.regex(/^[^\0]*$/, { error: 'is no path: it holds a NUL character' })
/** One file, or several. */
export const paths = z
  .union([path, z.array(path).min(1)], { error: 'wants a path or a list of paths, none of them empty' })
  .transform((value) => (typeof value === 'string' ? [value] : value))
