import type { OperationSpec } from '../engine/types.ts'
import { traceContext, traceHeaders } from '../trace-context.ts'
import { connectionNames } from './raw-headers.ts'

/** What every operation may carry to the engine; all else is left behind unless the operation's own list names it. */
const COMMON = new Set(['accept', 'accept-encoding', 'user-agent'])

/**
 * Rebuilds the header list for the engine from the operation's allow-list: name and value pairs in one flat array, as
 * node:http takes them, repeated fields kept apart. Credentials, hop-by-hop fields, framing, Host and forwarding
 * fields cannot pass because nothing lists them. A trace that the client is part of goes on: rebuilt, where it is valid.
 */
export function engineHeaders(spec: OperationSpec, raw: readonly string[]): string[] {
  const headers = ['Host', 'docker']
  const hops = connectionNames(raw)
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (hops?.includes(name)) continue
    if (COMMON.has(name) || (spec.headers.length > 0 && listed(spec.headers, name))) {
      headers.push(raw[i] as string, raw[i + 1] as string)
    }
  }
  const trace = hops?.includes('traceparent') ? null : traceContext(raw)
  if (trace !== null) headers.push(...traceHeaders(trace, hops?.includes('tracestate') ? [] : raw))
  return headers
}

function listed(names: readonly string[], name: string): boolean {
  for (const allowed of names) {
    if (allowed.endsWith('*') ? name.startsWith(allowed.slice(0, -1)) : name === allowed) return true
  }
  return false
}
