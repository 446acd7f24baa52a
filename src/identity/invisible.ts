/** Controls, format characters (bidirectional overrides, zero width), lone surrogates, separators of lines. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** True when a name has characters that a person cannot see, and could therefore pass for another name. */
export function hasInvisible(name: string): boolean {
  return INVISIBLE.test(name)
}
