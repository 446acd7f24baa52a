import { connectionNames } from '../inspect/raw-headers.ts'

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

/**
 * The engine's answer headers for the client as the engine wrote them, in a flat name, value list: hop-by-hop fields and
 * those that `Connection` names are left out, repeated ones stay apart.
 */
export function clientHeaders(raw: readonly string[]): string[] {
  const named = connectionNames(raw)
  const kept: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (!HOP_BY_HOP.has(name) && !named?.includes(name)) kept.push(raw[i] as string, raw[i + 1] as string)
  }
  return kept
}
