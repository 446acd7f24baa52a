/*
 * Header fields as node:http and undici hand them over: one flat list of names and values, repeated fields apart, the
 * sender's own spelling of the names.
 */

/** The lower-case field names that `Connection` lists: for one hop only (RFC 9110 section 7.6.1); null when it lists none. */
export function connectionNames(raw: readonly string[]): readonly string[] | null {
  let names: string[] | null = null
  for (let i = 0; i < raw.length; i += 2) {
    if ((raw[i] as string).toLowerCase() !== 'connection') continue
    names ??= []
    for (const token of (raw[i + 1] as string).split(',')) names.push(token.trim().toLowerCase())
  }
  return names
}

/** The first value of a field, or null. `name` is in lower case. */
export function headerValue(raw: readonly string[], name: string): string | null {
  for (let i = 0; i < raw.length; i += 2) {
    if ((raw[i] as string).toLowerCase() === name) return raw[i + 1] as string
  }
  return null
}

/** Every value of a field, in the sender's order. `name` is in lower case. */
export function headerValues(raw: readonly string[], name: string): readonly string[] {
  const values: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if ((raw[i] as string).toLowerCase() === name) values.push(raw[i + 1] as string)
  }
  return values
}
