/** What Go's `strconv.ParseBool` takes. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
])

const SWITCHES: ReadonlySet<string> = new Set(['no-new-privileges', 'writable-cgroups'])
const KEYS: ReadonlySet<string> = new Set(['apparmor', 'label', 'seccomp', ...SWITCHES])

/**
 * The one spelling, `key=value`, of an entry of `HostConfig.SecurityOpt`, read as Docker Engine 20.10 to 29 reads it:
 * `:` separates where there is no `=`, `disable` is `label=disable`, a switch without a value is on. Null for what the
 * engine would not take.
 */
export function normaliseSecurityOption(text: string): string | null {
  if (text === 'disable') return 'label=disable'
  if (SWITCHES.has(text)) return `${text}=true`
  const separator = text.includes('=') ? text.indexOf('=') : text.indexOf(':')
  const key = text.slice(0, Math.max(separator, 0))
  if (!KEYS.has(key)) return null
  const value = text.slice(separator + 1)
  if (!SWITCHES.has(key)) return `${key}=${value}`
  const on = BOOLEANS.get(value)
  return on === undefined ? null : `${key}=${on}`
}
