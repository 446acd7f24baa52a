/** Hop-by-hop fields (RFC 9110 section 7.6.1): each side of the gate frames its own connection. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The engine's answer headers for the client, hop-by-hop ones and those that `Connection` names left out. */
export function clientHeaders(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string | string[]> {
  const named = connectionNames(headers.connection)
  const kept: Record<string, string | string[]> = Object.create(null)
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || HOP_BY_HOP.has(name) || named.includes(name)) continue
    kept[name] = value
  }
  return kept
}

function connectionNames(value: string | string[] | undefined): readonly string[] {
  if (value === undefined) return []
  return String(value)
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
}
